//! Tools for work: Slack, GitHub, Notion, Linear, Atlassian, Zoom, Dropbox.

use grantway_engine::EngineError;
use serde_json::json;

use crate::shape::{BASIC, Sent, Shape, account, check};

/// <https://docs.slack.dev/authentication/installing-with-oauth>, refresh by
/// <https://docs.slack.dev/authentication/using-token-rotation>
#[tokio::test]
async fn slack_bot() {
    check(Shape {
        id: "slack",
        parameters: &[],
        at: "https://slack.com/oauth/v2/authorize",
        asks: &[("scope", "users:read")],
        redirect: &[],
        token: Sent {
            line: "POST https://slack.com/api/oauth.v2.access",
            headers: &[],
            fields: &[("code", "co"), ("client_id", "cid"), ("client_secret", "sec")],
        },
        answer: json!({"ok": true, "access_token": "at", "token_type": "bot", "scope": "commands,users:read", "bot_user_id": "U0K", "app_id": "A0K",
            "expires_in": 43200, "refresh_token": "rt", "team": {"name": "Acme", "id": "T9"}, "enterprise": null,
            "authed_user": {"id": "U12", "scope": "chat:write", "access_token": "user-at", "token_type": "user"}}),
        scopes: &["commands", "users:read", "user:chat:write"],
        seconds: Some(43200),
        extra: &[("team_id", "T9"), ("bot_user_id", "U0K"), ("user_access_token", "user-at")],
        whoami: Sent { line: "POST https://slack.com/api/auth.test", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"ok": true, "url": "https://acme.example/", "team": "Acme", "user": "grantbot", "team_id": "T9", "user_id": "U0K", "bot_id": "B1"}),
        account: account("T9:U0K", None, Some("grantbot"), Some("grantbot"), Some("Acme")),
        refresh: Some(Sent { line: "POST https://slack.com/api/oauth.v2.access", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (200, json!({"ok": false, "error": "invalid_refresh_token"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://slack.com/api/auth.revoke", headers: &[("authorization", "Bearer at")], fields: &[] }),
    })
    .await;
}

/// <https://docs.slack.dev/authentication/installing-with-oauth>: the person's own token
#[tokio::test]
async fn slack_user() {
    check(Shape {
        id: "slack-user",
        parameters: &[],
        at: "https://slack.com/oauth/v2/authorize",
        asks: &[("user_scope", "users:read")],
        redirect: &[],
        token: Sent { line: "POST https://slack.com/api/oauth.v2.access", headers: &[], fields: &[("code", "co"), ("client_secret", "sec")] },
        answer: json!({"ok": true, "app_id": "A0K", "team": {"id": "T9"}, "authed_user": {"id": "U12", "scope": "users:read,chat:write", "access_token": "at", "token_type": "user"}}),
        scopes: &["users:read", "chat:write"],
        seconds: None,
        extra: &[("team_id", "T9")],
        whoami: Sent { line: "POST https://slack.com/api/auth.test", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"ok": true, "team": "Acme", "user": "ada", "team_id": "T9", "user_id": "U12"}),
        account: account("T9:U12", None, Some("ada"), Some("ada"), Some("Acme")),
        refresh: None,
        dead: (200, json!({"ok": false, "error": "invalid_code"}), EngineError::Refused),
        revoke: Some(Sent { line: "POST https://slack.com/api/auth.revoke", headers: &[("authorization", "Bearer at")], fields: &[] }),
    })
    .await;
}

/// <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>
#[tokio::test]
async fn github_oauth_app() {
    check(Shape {
        id: "github",
        parameters: &[],
        at: "https://github.com/login/oauth/authorize",
        asks: &[("scope", "read:user user:email"), ("code_challenge_method", "S256")],
        redirect: &[],
        token: Sent {
            line: "POST https://github.com/login/oauth/access_token",
            headers: &[("accept", "application/json")],
            fields: &[("code", "co"), ("client_id", "cid"), ("client_secret", "sec")],
        },
        answer: json!({"access_token": "at", "scope": "read:user,user:email", "token_type": "bearer"}),
        scopes: &["read:user", "user:email"],
        seconds: None,
        extra: &[],
        whoami: Sent { line: "GET https://api.github.com/user", headers: &[("accept", "application/vnd.github+json"), ("user-agent", "grantway"), ("authorization", "Bearer at")], fields: &[] },
        profile: json!({"login": "ada", "id": 1, "name": "Ada L", "email": null}),
        account: account("1", None, Some("ada"), Some("Ada L"), None),
        refresh: None,
        dead: (200, json!({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}), EngineError::Refused),
        revoke: Some(Sent { line: "DELETE https://api.github.com/applications/cid/grant JSON", headers: &[("authorization", BASIC)], fields: &[("access_token", "at")] }),
    })
    .await;
}

/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens>
#[tokio::test]
async fn github_app() {
    check(Shape {
        id: "github-app",
        parameters: &[],
        at: "https://github.com/login/oauth/authorize",
        asks: &[("client_id", "cid")],
        redirect: &[("installation_id", "77"), ("setup_action", "install")],
        token: Sent { line: "POST https://github.com/login/oauth/access_token", headers: &[("accept", "application/json")], fields: &[("code", "co"), ("client_secret", "sec")] },
        answer: json!({"access_token": "at", "expires_in": 28800, "refresh_token": "rt", "refresh_token_expires_in": 15_897_600, "scope": "", "token_type": "bearer"}),
        scopes: &[],
        seconds: Some(28800),
        extra: &[("installation_id", "77")],
        whoami: Sent { line: "GET https://api.github.com/user", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"login": "ada", "id": 1, "name": null, "email": "ada@example.com"}),
        account: account("1", Some("ada@example.com"), Some("ada"), None, None),
        refresh: Some(Sent { line: "POST https://github.com/login/oauth/access_token", headers: &[("accept", "application/json")], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (200, json!({"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "DELETE https://api.github.com/applications/cid/grant JSON", headers: &[("authorization", BASIC)], fields: &[("access_token", "at")] }),
    })
    .await;
}

/// <https://developers.notion.com/reference/create-a-token>, <https://developers.notion.com/reference/refresh-a-token>
#[tokio::test]
async fn notion() {
    check(Shape {
        id: "notion",
        parameters: &[],
        at: "https://api.notion.com/v1/oauth/authorize",
        asks: &[("owner", "user"), ("response_type", "code")],
        redirect: &[],
        token: Sent {
            line: "POST https://api.notion.com/v1/oauth/token JSON",
            headers: &[("authorization", BASIC), ("notion-version", "2022-06-28")],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"access_token": "at", "token_type": "bearer", "refresh_token": "rt", "bot_id": "b3", "workspace_icon": null, "workspace_name": "Acme",
            "workspace_id": "w1", "owner": {"type": "user", "user": {"object": "user", "id": "e5"}}, "duplicated_template_id": null, "request_id": "r1"}),
        scopes: &[],
        seconds: None,
        extra: &[("bot_id", "b3"), ("workspace_name", "Acme")],
        whoami: Sent { line: "GET https://api.notion.com/v1/users/me", headers: &[("authorization", "Bearer at"), ("notion-version", "2022-06-28")], fields: &[] },
        profile: json!({"object": "user", "id": "b3", "type": "bot", "bot": {"owner": {"type": "user", "user": {"id": "e5", "name": "Ada L", "type": "person", "person": {"email": "ada@example.com"}}}, "workspace_name": "Acme"}}),
        account: account("e5", Some("ada@example.com"), None, Some("Ada L"), Some("Acme")),
        refresh: Some(Sent { line: "POST https://api.notion.com/v1/oauth/token JSON", headers: &[("authorization", BASIC)], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt")] }),
        dead: (400, json!({"error": "invalid_grant", "request_id": "r2"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://api.notion.com/v1/oauth/revoke JSON", headers: &[("authorization", BASIC)], fields: &[("token", "at")] }),
    })
    .await;
}

/// <https://linear.app/developers/oauth-2-0-authentication>
#[tokio::test]
async fn linear() {
    check(Shape {
        id: "linear",
        parameters: &[],
        at: "https://linear.app/oauth/authorize",
        asks: &[("scope", "read"), ("prompt", "consent")],
        redirect: &[],
        token: Sent { line: "POST https://api.linear.app/oauth/token", headers: &[], fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec")] },
        answer: json!({"access_token": "at", "token_type": "Bearer", "expires_in": 86399, "refresh_token": "rt", "scope": "read write"}),
        scopes: &["read", "write"],
        seconds: Some(86399),
        extra: &[],
        whoami: Sent {
            line: "POST https://api.linear.app/graphql JSON",
            headers: &[("authorization", "Bearer at")],
            fields: &[("query", "{ viewer { id name email organization { id name urlKey } } }")],
        },
        profile: json!({"data": {"viewer": {"id": "v1", "name": "Ada L", "email": "ada@example.com", "organization": {"id": "o1", "name": "Acme", "urlKey": "acme"}}}}),
        account: account("v1", Some("ada@example.com"), None, Some("Ada L"), Some("Acme")),
        refresh: Some(Sent { line: "POST https://api.linear.app/oauth/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://api.linear.app/oauth/revoke", headers: &[], fields: &[("token", "rt"), ("client_secret", "sec")] }),
    })
    .await;
}

/// <https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/>
#[tokio::test]
async fn atlassian() {
    check(Shape {
        id: "atlassian",
        parameters: &[],
        at: "https://auth.atlassian.com/authorize",
        asks: &[("audience", "api.atlassian.com"), ("prompt", "consent"), ("scope", "read:me offline_access")],
        redirect: &[],
        token: Sent {
            line: "POST https://auth.atlassian.com/oauth/token JSON",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("client_id", "cid"), ("client_secret", "sec"), ("code", "co"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"access_token": "at", "expires_in": 3600, "scope": "read:me offline_access", "refresh_token": "rt"}),
        scopes: &["read:me", "offline_access"],
        seconds: Some(3600),
        extra: &[],
        whoami: Sent { line: "GET https://api.atlassian.com/me", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"account_type": "atlassian", "account_id": "112", "email": "ada@example.com", "name": "Ada L", "nickname": "ada"}),
        account: account("112", Some("ada@example.com"), Some("ada"), Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://auth.atlassian.com/oauth/token JSON", headers: &[], fields: &[("grant_type", "refresh_token"), ("client_id", "cid"), ("client_secret", "sec"), ("refresh_token", "rt")] }),
        dead: (403, json!({"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}), EngineError::InvalidGrant),
        revoke: None,
    })
    .await;
}

/// <https://developers.zoom.us/docs/integrations/oauth/>
#[tokio::test]
async fn zoom() {
    check(Shape {
        id: "zoom",
        parameters: &[],
        at: "https://zoom.us/oauth/authorize",
        asks: &[("code_challenge_method", "S256")],
        redirect: &[],
        token: Sent { line: "POST https://zoom.us/oauth/token", headers: &[("authorization", BASIC)], fields: &[("grant_type", "authorization_code"), ("code", "co"), ("redirect_uri", "https://connect.test/cb")] },
        answer: json!({"access_token": "at", "token_type": "bearer", "refresh_token": "rt", "expires_in": 3599, "scope": "user:read:user", "api_url": "https://api.zoom.us"}),
        scopes: &["user:read:user"],
        seconds: Some(3599),
        extra: &[("api_base", "https://api.zoom.us")],
        whoami: Sent { line: "GET https://api.zoom.us/v2/users/me", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"id": "z8", "email": "ada@example.com", "display_name": "Ada L", "account_id": "q6"}),
        account: account("z8", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://zoom.us/oauth/token", headers: &[("authorization", BASIC)], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt")] }),
        dead: (401, json!({"reason": "Invalid Token!", "error": "invalid_grant"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://zoom.us/oauth/revoke", headers: &[("authorization", BASIC)], fields: &[("token", "rt")] }),
    })
    .await;
}

/// <https://developers.dropbox.com/oauth-guide>, the account by
/// <https://www.dropbox.com/developers/documentation/http/documentation>
#[tokio::test]
async fn dropbox() {
    check(Shape {
        id: "dropbox",
        parameters: &[],
        at: "https://www.dropbox.com/oauth2/authorize",
        asks: &[("token_access_type", "offline"), ("scope", "account_info.read")],
        redirect: &[],
        token: Sent { line: "POST https://api.dropboxapi.com/oauth2/token", headers: &[], fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec")] },
        answer: json!({"access_token": "at", "expires_in": 14400, "token_type": "bearer", "scope": "account_info.read", "refresh_token": "rt", "account_id": "dbid:A", "uid": "12345"}),
        scopes: &["account_info.read"],
        seconds: Some(14400),
        extra: &[("uid", "12345")],
        whoami: Sent { line: "POST https://api.dropboxapi.com/2/users/get_current_account", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"account_id": "dbid:A", "name": {"display_name": "Ada L"}, "email": "ada@example.com"}),
        account: account("dbid:A", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://api.dropboxapi.com/oauth2/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "refresh token is invalid or revoked"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://api.dropboxapi.com/2/auth/token/revoke", headers: &[("authorization", "Bearer at")], fields: &[] }),
    })
    .await;
}
