//! Accounts of people: Google, Microsoft, Facebook, X, LinkedIn, Discord, TikTok.

use grantway_engine::EngineError;
use serde_json::json;

use crate::shape::{BASIC, Sent, Shape, account, check, check_traded};

/// <https://developers.google.com/identity/protocols/oauth2/web-server>
#[tokio::test]
async fn google() {
    check(Shape {
        id: "google",
        parameters: &[],
        at: "https://accounts.google.com/o/oauth2/v2/auth",
        asks: &[("access_type", "offline"), ("prompt", "consent"), ("scope", "openid email profile"), ("code_challenge_method", "S256")],
        redirect: &[],
        token: Sent {
            line: "POST https://oauth2.googleapis.com/token",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec"), ("redirect_uri", "https://connect.test/cb"), ("code_verifier", "ve")],
        },
        answer: json!({"access_token": "at", "expires_in": 3599, "refresh_token": "rt", "token_type": "Bearer",
            "scope": "https://www.googleapis.com/auth/userinfo.email openid https://www.googleapis.com/auth/userinfo.profile"}),
        scopes: &["email", "openid", "profile"],
        seconds: Some(3599),
        extra: &[],
        whoami: Sent { line: "GET https://openidconnect.googleapis.com/v1/userinfo", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"sub": "1130", "email": "ada@example.com", "email_verified": true, "name": "Ada L"}),
        account: account("1130", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://oauth2.googleapis.com/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://oauth2.googleapis.com/revoke", headers: &[], fields: &[("token", "rt")] }),
    })
    .await;
}

/// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>
#[tokio::test]
async fn microsoft() {
    check(Shape {
        id: "microsoft",
        parameters: &[("tenant", "contoso.example")],
        at: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
        asks: &[("scope", "openid profile email User.Read offline_access"), ("code_challenge_method", "S256")],
        redirect: &[("session_state", "xyz")],
        token: Sent {
            line: "POST https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec"), ("code_verifier", "ve")],
        },
        answer: json!({"token_type": "Bearer", "scope": "openid profile email User.Read", "expires_in": 3736, "ext_expires_in": 3736, "access_token": "at", "refresh_token": "rt"}),
        scopes: &["openid", "profile", "email", "User.Read"],
        seconds: Some(3736),
        extra: &[],
        whoami: Sent { line: "GET https://graph.microsoft.com/v1.0/me", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"id": "87d3", "displayName": "Ada L", "mail": "ada@contoso.example", "userPrincipalName": "ada@contoso.example"}),
        account: account("87d3", Some("ada@contoso.example"), Some("ada@contoso.example"), Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "AADSTS70008: …", "error_codes": [70008], "suberror": "token_expired"}), EngineError::InvalidGrant),
        revoke: None,
    })
    .await;
}

/// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>: the first token is
/// traded at once, so the last token request is the trade; errors by
/// <https://developers.facebook.com/docs/graph-api/guides/error-handling>
#[tokio::test]
async fn facebook() {
    const TRADE: Sent = Sent {
        line: "GET https://graph.facebook.com/v23.0/oauth/access_token",
        headers: &[],
        fields: &[
            ("grant_type", "fb_exchange_token"),
            ("client_id", "cid"),
            ("client_secret", "sec"),
            ("fb_exchange_token", "at"),
        ],
    };
    check_traded(Shape {
        id: "facebook",
        parameters: &[],
        at: "https://www.facebook.com/v23.0/dialog/oauth",
        asks: &[("scope", "public_profile,email")],
        redirect: &[],
        token: TRADE,
        answer: json!({"access_token": "at", "token_type": "bearer", "expires_in": 5_183_944}),
        scopes: &[],
        seconds: Some(5_183_944),
        extra: &[],
        whoami: Sent { line: "GET https://graph.facebook.com/v23.0/me", headers: &[("authorization", "Bearer at")], fields: &[("fields", "id,name,email")] },
        profile: json!({"id": "1022", "name": "Ada L", "email": "ada@example.com"}),
        account: account("1022", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(TRADE),
        dead: (400, json!({"error": {"message": "Error validating access token", "type": "OAuthException", "code": 190, "error_subcode": 463}}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "DELETE https://graph.facebook.com/v23.0/me/permissions", headers: &[("authorization", "Bearer at")], fields: &[] }),
    })
    .await;
}

/// <https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code>
#[tokio::test]
async fn x() {
    check(Shape {
        id: "twitter",
        parameters: &[],
        at: "https://x.com/i/oauth2/authorize",
        asks: &[("scope", "users.read tweet.read offline.access"), ("code_challenge_method", "S256")],
        redirect: &[],
        token: Sent {
            line: "POST https://api.x.com/2/oauth2/token",
            headers: &[("authorization", BASIC)],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("redirect_uri", "https://connect.test/cb"), ("code_verifier", "ve")],
        },
        answer: json!({"token_type": "bearer", "expires_in": 7200, "access_token": "at", "scope": "users.read tweet.read offline.access", "refresh_token": "rt"}),
        scopes: &["users.read", "tweet.read", "offline.access"],
        seconds: Some(7200),
        extra: &[],
        whoami: Sent { line: "GET https://api.x.com/2/users/me", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"data": {"id": "2244", "name": "Ada L", "username": "ada"}}),
        account: account("2244", None, Some("ada"), Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://api.x.com/2/oauth2/token", headers: &[("authorization", BASIC)], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt")] }),
        dead: (400, json!({"error": "invalid_request", "error_description": "Value passed for the token was invalid."}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://api.x.com/2/oauth2/revoke", headers: &[("authorization", BASIC)], fields: &[("token", "rt")] }),
    })
    .await;
}

/// <https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow>
#[tokio::test]
async fn linkedin() {
    check(Shape {
        id: "linkedin",
        parameters: &[],
        at: "https://www.linkedin.com/oauth/v2/authorization",
        asks: &[("scope", "openid profile email")],
        redirect: &[],
        token: Sent {
            line: "POST https://www.linkedin.com/oauth/v2/accessToken",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec")],
        },
        answer: json!({"access_token": "at", "expires_in": 5_184_000, "refresh_token": "rt", "refresh_token_expires_in": 31_536_000, "scope": "email,openid,profile"}),
        scopes: &["email", "openid", "profile"],
        seconds: Some(5_184_000),
        extra: &[],
        whoami: Sent { line: "GET https://api.linkedin.com/v2/userinfo", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"sub": "782b", "name": "Ada L", "email": "ada@example.com"}),
        account: account("782b", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://www.linkedin.com/oauth/v2/accessToken", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "The provided authorization grant or refresh token is invalid, expired or revoked."}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://www.linkedin.com/oauth/v2/revoke", headers: &[], fields: &[("client_id", "cid"), ("client_secret", "sec"), ("token", "rt")] }),
    })
    .await;
}

/// <https://docs.discord.com/developers/topics/oauth2>
#[tokio::test]
async fn discord() {
    check(Shape {
        id: "discord",
        parameters: &[],
        at: "https://discord.com/oauth2/authorize",
        asks: &[("scope", "identify email")],
        redirect: &[],
        token: Sent {
            line: "POST https://discord.com/api/oauth2/token",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec")],
        },
        answer: json!({"access_token": "at", "token_type": "Bearer", "expires_in": 604_800, "refresh_token": "rt", "scope": "identify email"}),
        scopes: &["identify", "email"],
        seconds: Some(604_800),
        extra: &[],
        whoami: Sent { line: "GET https://discord.com/api/users/@me", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"id": "8035", "username": "ada", "global_name": "Ada L", "email": "ada@example.com"}),
        account: account("8035", Some("ada@example.com"), Some("ada"), Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://discord.com/api/oauth2/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://discord.com/api/oauth2/token/revoke", headers: &[], fields: &[("token", "rt"), ("token_type_hint", "refresh_token"), ("client_secret", "sec")] }),
    })
    .await;
}

/// <https://developers.tiktok.com/doc/oauth-user-access-token-management>, errors by
/// <https://developers.tiktok.com/doc/oauth-error-handling>
#[tokio::test]
async fn tiktok() {
    check(Shape {
        id: "tiktok",
        parameters: &[],
        at: "https://www.tiktok.com/v2/auth/authorize/",
        asks: &[("client_key", "cid"), ("scope", "user.info.basic")],
        redirect: &[("scopes", "user.info.basic")],
        token: Sent {
            line: "POST https://open.tiktokapis.com/v2/oauth/token/",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_key", "cid"), ("client_secret", "sec"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"access_token": "at", "expires_in": 86400, "open_id": "oid", "refresh_expires_in": 31_536_000, "refresh_token": "rt", "scope": "user.info.basic,video.list", "token_type": "Bearer"}),
        scopes: &["user.info.basic", "video.list"],
        seconds: Some(86400),
        extra: &[],
        whoami: Sent { line: "GET https://open.tiktokapis.com/v2/user/info/", headers: &[("authorization", "Bearer at")], fields: &[("fields", "open_id,union_id,display_name,avatar_url")] },
        profile: json!({"data": {"user": {"open_id": "oid", "display_name": "Ada L"}}, "error": {"code": "ok", "message": ""}}),
        account: account("oid", None, None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://open.tiktokapis.com/v2/oauth/token/", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_key", "cid"), ("client_secret", "sec")] }),
        dead: (200, json!({"error": "invalid_grant", "error_description": "Refresh token is invalid or expired.", "log_id": "2022"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://open.tiktokapis.com/v2/oauth/revoke/", headers: &[], fields: &[("client_key", "cid"), ("client_secret", "sec"), ("token", "at")] }),
    })
    .await;
}
