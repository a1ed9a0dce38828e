//! Customers and money: HubSpot, Salesforce, Shopify, QuickBooks, Stripe, Zendesk.

use grantway_engine::EngineError;
use serde_json::json;

use crate::shape::{BASIC, Sent, Shape, account, check};

/// <https://developers.hubspot.com/docs/api-reference/2026-03/authentication/oauth-tokens/refresh-oauth-token> and
/// <https://developers.hubspot.com/docs/api-reference/2026-03/authentication/oauth-tokens/token-introspect>
#[tokio::test]
async fn hubspot() {
    check(Shape {
        id: "hubspot",
        parameters: &[],
        at: "https://app.hubspot.com/oauth/authorize",
        asks: &[("scope", "oauth")],
        redirect: &[],
        token: Sent {
            line: "POST https://api.hubapi.com/oauth/2026-03/token",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"token_type": "bearer", "refresh_token": "rt", "access_token": "at", "expires_in": 1800, "hub_id": 62515, "scopes": ["oauth"]}),
        scopes: &[],
        seconds: Some(1800),
        extra: &[],
        whoami: Sent {
            line: "POST https://api.hubapi.com/oauth/2026-03/token/introspect",
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            fields: &[("token", "at"), ("token_type_hint", "access_token"), ("client_id", "cid"), ("client_secret", "sec")],
        },
        profile: json!({"active": true, "hub_id": 62515, "user_id": 123, "user": "ada@example.com", "hub_domain": "acme.example"}),
        account: account("62515", Some("ada@example.com"), None, Some("acme.example"), None),
        refresh: Some(Sent { line: "POST https://api.hubapi.com/oauth/2026-03/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (400, json!({"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://api.hubapi.com/oauth/2026-03/token/revoke", headers: &[], fields: &[("token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
    })
    .await;
}

/// <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm>
#[tokio::test]
async fn salesforce() {
    check(Shape {
        id: "salesforce",
        parameters: &[("login_host", "acme.my.salesforce.com")],
        at: "https://acme.my.salesforce.com/services/oauth2/authorize",
        asks: &[("scope", "openid refresh_token"), ("code_challenge_method", "S256")],
        redirect: &[],
        token: Sent {
            line: "POST https://acme.my.salesforce.com/services/oauth2/token",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"access_token": "at", "refresh_token": "rt", "signature": "sig", "scope": "refresh_token openid", "instance_url": "https://acme.my.salesforce.com",
            "id": "https://login.salesforce.com/id/00D/005", "token_type": "Bearer", "issued_at": "1558553873237"}),
        scopes: &["refresh_token", "openid"],
        seconds: Some(7200),
        extra: &[("api_base", "https://acme.my.salesforce.com")],
        whoami: Sent { line: "GET https://acme.my.salesforce.com/services/oauth2/userinfo", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"sub": "https://login.salesforce.com/id/00D/005", "user_id": "005", "organization_id": "00D", "preferred_username": "ada@acme.example", "name": "Ada L", "email": "ada@example.com"}),
        account: account("005", Some("ada@example.com"), Some("ada@acme.example"), Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://acme.my.salesforce.com/services/oauth2/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "expired access/refresh token"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://acme.my.salesforce.com/services/oauth2/revoke", headers: &[], fields: &[("token", "rt")] }),
    })
    .await;
}

/// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant>
#[tokio::test]
async fn shopify() {
    check(Shape {
        id: "shopify",
        parameters: &[("shop", "acme")],
        at: "https://acme.myshopify.com/admin/oauth/authorize",
        asks: &[("scope", "read_products"), ("client_id", "cid"), ("redirect_uri", "https://connect.test/cb")],
        // HMAC-SHA256 of `code=co&shop=acme.myshopify.com&state=st&timestamp=1` under `sec`, by openssl.
        redirect: &[("shop", "acme.myshopify.com"), ("timestamp", "1"), ("hmac", "cdb5e5f4276e611e4f4f5b0f7b51b3b6f16ac892e5a124be975be86f8a88ab61")],
        token: Sent {
            line: "POST https://acme.myshopify.com/admin/oauth/access_token JSON",
            headers: &[],
            fields: &[("client_id", "cid"), ("client_secret", "sec"), ("code", "co"), ("expiring", "1")],
        },
        answer: json!({"access_token": "at", "scope": "read_products,write_orders", "expires_in": 3600, "refresh_token": "rt", "refresh_token_expires_in": 7_776_000}),
        scopes: &["read_products", "write_orders"],
        seconds: Some(3600),
        extra: &[("shop", "acme.myshopify.com")],
        whoami: Sent { line: "GET https://acme.myshopify.com/admin/api/2026-01/shop.json", headers: &[("x-shopify-access-token", "at")], fields: &[] },
        profile: json!({"shop": {"id": 690_933_842, "name": "Acme", "email": "ada@example.com", "myshopify_domain": "acme.myshopify.com"}}),
        account: account("690933842", Some("ada@example.com"), Some("acme.myshopify.com"), Some("Acme"), None),
        refresh: Some(Sent { line: "POST https://acme.myshopify.com/admin/oauth/access_token JSON", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "refresh token was already used"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "DELETE https://acme.myshopify.com/admin/api_permissions/current.json", headers: &[("x-shopify-access-token", "at")], fields: &[] }),
    })
    .await;
}

/// <https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0>
#[tokio::test]
async fn quickbooks() {
    check(Shape {
        id: "quickbooks",
        parameters: &[],
        at: "https://appcenter.intuit.com/connect/oauth2",
        asks: &[("scope", "com.intuit.quickbooks.accounting openid email profile")],
        redirect: &[("realmId", "1231434565226279")],
        token: Sent {
            line: "POST https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            headers: &[("authorization", BASIC), ("accept", "application/json")],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("redirect_uri", "https://connect.test/cb")],
        },
        answer: json!({"token_type": "bearer", "expires_in": 3600, "refresh_token": "rt", "x_refresh_token_expires_in": 8_726_400, "access_token": "at"}),
        scopes: &[],
        seconds: Some(3600),
        extra: &[("realmId", "1231434565226279")],
        whoami: Sent { line: "GET https://accounts.platform.intuit.com/v1/openid_connect/userinfo", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"sub": "1182d6ec", "email": "ada@example.com", "givenName": "Ada"}),
        account: account("1231434565226279:1182d6ec", Some("ada@example.com"), None, Some("Ada"), None),
        refresh: Some(Sent { line: "POST https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", headers: &[("authorization", BASIC)], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://developer.api.intuit.com/v2/oauth2/tokens/revoke", headers: &[("authorization", BASIC)], fields: &[("token", "rt")] }),
    })
    .await;
}

/// <https://docs.stripe.com/connect/oauth-reference>
#[tokio::test]
async fn stripe() {
    check(Shape {
        id: "stripe",
        parameters: &[],
        at: "https://connect.stripe.com/oauth/authorize",
        asks: &[("scope", "read_write"), ("response_type", "code")],
        redirect: &[],
        token: Sent { line: "POST https://connect.stripe.com/oauth/token", headers: &[], fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_secret", "sec")] },
        answer: json!({"access_token": "at", "livemode": false, "refresh_token": "rt", "token_type": "bearer", "stripe_publishable_key": "pk", "stripe_user_id": "acct_1", "scope": "read_write"}),
        scopes: &["read_write"],
        seconds: None,
        extra: &[("account", "acct_1"), ("publishable_key", "pk")],
        whoami: Sent { line: "GET https://api.stripe.com/v1/account", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"id": "acct_1", "object": "account", "email": "ada@example.com", "business_profile": {"name": "Acme"}}),
        account: account("acct_1", Some("ada@example.com"), None, Some("Acme"), None),
        refresh: Some(Sent { line: "POST https://connect.stripe.com/oauth/token", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_secret", "sec")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "Refresh token does not exist"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "POST https://connect.stripe.com/oauth/deauthorize", headers: &[("authorization", "Bearer sec")], fields: &[("client_id", "cid"), ("stripe_user_id", "acct_1")] }),
    })
    .await;
}

/// <https://developer.zendesk.com/documentation/api-basics/authentication/refresh-token/>
#[tokio::test]
async fn zendesk() {
    check(Shape {
        id: "zendesk",
        parameters: &[("subdomain", "acme")],
        at: "https://acme.zendesk.com/oauth/authorizations/new",
        asks: &[("scope", "users:read"), ("response_type", "code")],
        redirect: &[],
        token: Sent {
            line: "POST https://acme.zendesk.com/oauth/tokens JSON",
            headers: &[],
            fields: &[("grant_type", "authorization_code"), ("code", "co"), ("client_id", "cid"), ("client_secret", "sec"), ("redirect_uri", "https://connect.test/cb"), ("expires_in", "172800"), ("refresh_token_expires_in", "7776000")],
        },
        answer: json!({"access_token": "at", "refresh_token": "rt", "token_type": "bearer", "scope": "users:read", "expires_in": 172_800, "refresh_token_expires_in": 7_776_000}),
        scopes: &["users:read"],
        seconds: Some(172_800),
        extra: &[],
        whoami: Sent { line: "GET https://acme.zendesk.com/api/v2/users/me.json", headers: &[("authorization", "Bearer at")], fields: &[] },
        profile: json!({"user": {"id": 35436, "name": "Ada L", "email": "ada@example.com", "role": "admin"}}),
        account: account("35436", Some("ada@example.com"), None, Some("Ada L"), None),
        refresh: Some(Sent { line: "POST https://acme.zendesk.com/oauth/tokens JSON", headers: &[], fields: &[("grant_type", "refresh_token"), ("refresh_token", "rt"), ("client_id", "cid"), ("client_secret", "sec"), ("expires_in", "172800")] }),
        dead: (400, json!({"error": "invalid_grant", "error_description": "The provided authorization grant or refresh token is invalid"}), EngineError::InvalidGrant),
        revoke: Some(Sent { line: "DELETE https://acme.zendesk.com/api/v2/oauth/tokens/current.json", headers: &[("authorization", "Bearer at")], fields: &[] }),
    })
    .await;
}
