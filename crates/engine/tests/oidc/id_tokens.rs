//! Id tokens (OpenID Connect Core, section 3.1.3.7), and what goes with them.

use grantway_core::grant::Account;
use grantway_engine::EngineError;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::op::{ISSUER, NOW, Op, Party, Script};

async fn sign_in(change: impl FnOnce(&mut Script)) -> Result<Account, EngineError> {
    Party::new(&Op::new(change), "").sign_in().await
}

fn set(name: &'static str, value: Value) -> impl FnOnce(&mut Script) {
    move |script| script.claims()[name] = value
}

fn without(name: &'static str) -> impl FnOnce(&mut Script) {
    move |script| {
        script.claims().as_object_mut().unwrap().remove(name);
    }
}

async fn refused(change: impl FnOnce(&mut Script)) -> bool {
    matches!(sign_in(change).await, Err(EngineError::IdToken(_)))
}

#[tokio::test]
async fn a_right_one_tells_who_signed_in_whatever_its_key() {
    let by_rs256 = |script: &mut Script| {
        let token = script.id_token.as_mut().unwrap();
        (token.algorithm, token.kid) = (Algorithm::RS256, Some("rs".to_owned()));
    };

    assert_eq!(sign_in(|_| {}).await.unwrap().id.as_deref(), Some("sub-1"));
    assert_eq!(sign_in(by_rs256).await.unwrap().email.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn one_of_another_issuer_is_refused() {
    assert!(refused(set("iss", json!("https://other.test"))).await);
    assert!(refused(set("iss", json!(format!("{ISSUER}/")))).await);
    assert!(refused(without("iss")).await);
}

#[tokio::test]
async fn one_without_a_subject_is_refused() {
    assert!(refused(without("sub")).await);
    assert!(refused(set("sub", json!(""))).await);
}

#[tokio::test]
async fn one_for_another_client_is_refused() {
    assert!(refused(set("aud", json!("other"))).await);
    assert!(refused(without("aud")).await);
    assert!(refused(set("aud", json!(["client", "other"]))).await);
    assert!(refused(set("azp", json!("other"))).await);
    assert!(sign_in(set("aud", json!(["client"]))).await.is_ok());
    assert!(sign_in(set("azp", json!("client"))).await.is_ok());
}

#[tokio::test]
async fn one_out_of_its_time_is_refused() {
    let now = NOW.unix_seconds();

    assert!(refused(without("iat")).await);
    assert!(refused(set("iat", json!(now - 7 * 24 * 3600))).await);
    assert!(refused(set("iat", json!(now + 600))).await);
    assert!(refused(set("exp", json!(now - 61))).await);
    assert!(refused(without("exp")).await);
    assert!(sign_in(set("exp", json!(now - 59))).await.is_ok(), "clocks differ a little");
}

#[tokio::test]
async fn one_with_another_nonce_is_refused_and_so_is_none_where_one_is_owed() {
    assert!(refused(set("nonce", json!("other"))).await);
    assert!(refused(without("nonce")).await);
    assert!(refused(|script| script.id_token = None).await);
}

#[tokio::test]
async fn one_with_a_wrong_signature_is_refused() {
    for (algorithm, kid) in [(Algorithm::ES256, "es"), (Algorithm::RS256, "rs")] {
        let forge = |script: &mut Script| {
            let token = script.id_token.as_mut().unwrap();
            (token.algorithm, token.kid, token.forged) = (algorithm, Some(kid.to_owned()), true);
        };

        assert!(refused(forge).await, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_signature_by_the_client_secret_or_none_at_all_is_refused() {
    let by_secret = |script: &mut Script| script.id_token.as_mut().unwrap().algorithm = Algorithm::HS256;
    let unsigned = |script: &mut Script| {
        script.id_token = None;
        script.token["id_token"] = json!("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdWItMSJ9.");
    };

    assert!(refused(by_secret).await);
    assert!(refused(unsigned).await);
}

#[tokio::test]
async fn a_key_that_is_not_named_is_found_only_where_one_fits() {
    let unnamed = |script: &mut Script| script.id_token.as_mut().unwrap().kid = None;
    let doubled = |script: &mut Script| {
        unnamed(script);
        let keys = script.keys["keys"].as_array_mut().unwrap();
        let mut twin = keys[0].clone();
        twin["kid"] = json!("twin");
        keys.push(twin);
    };

    assert!(sign_in(unnamed).await.is_ok());
    assert!(refused(doubled).await);
}

#[tokio::test]
async fn a_hash_of_another_access_token_is_refused() {
    // The left half of SHA-256("at").
    let right = "sda5G2fCr6XjIpiNlGJjjQ";

    assert!(refused(set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))).await);
    assert!(sign_in(set("at_hash", json!(right))).await.is_ok());
}

#[tokio::test]
async fn a_rotated_key_is_read_anew_once() {
    let op = Op::new(|_| {});
    let party = Party::new(&op, "");
    party.sign_in().await.unwrap();
    assert_eq!(op.asked("/keys"), 1);

    op.change(|script| {
        script.id_token.as_mut().unwrap().kid = Some("next".to_owned());
        script.keys["keys"][0]["kid"] = json!("next");
    });
    party.sign_in().await.unwrap();
    party.sign_in().await.unwrap();

    assert_eq!(op.asked("/keys"), 2);
}

#[tokio::test]
async fn a_key_that_nobody_publishes_is_refused() {
    assert!(refused(|script| script.id_token.as_mut().unwrap().kid = Some("nobody's".to_owned())).await);
}

#[tokio::test]
async fn userinfo_about_somebody_else_is_refused() {
    assert!(refused(|script| script.userinfo["sub"] = json!("sub-2")).await);
    assert!(sign_in(|script| script.gone = vec!["/userinfo"]).await.is_ok(), "who signed in is known");
}

/// As of a provider whose issuer varies by tenant, so that nothing publishes its keys.
async fn unsigned(
    account: &str,
    scopes: &[&str],
    change: impl FnOnce(&mut Script),
) -> Result<Account, EngineError> {
    let more = "authorize_url = 'https://op.test/authorize'\ntoken_url = 'https://op.test/token'";
    let mut party =
        Party::new(&Op::new(change), &format!("{more}\n[account]\nsource = 'id_token'\n{account}"));
    party.provider.issuer = None;
    party.provider.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    party.sign_in().await
}

#[tokio::test]
async fn an_unsigned_road_checks_audience_time_and_nonce_all_the_same() {
    assert_eq!(unsigned("", &["openid"], |_| {}).await.unwrap().id.as_deref(), Some("sub-1"));
    for change in [
        (|script: &mut Script| script.claims()["aud"] = json!("other")) as fn(&mut Script),
        |script| script.claims()["exp"] = json!(1),
        |script| script.claims()["nonce"] = json!("other"),
        |script| without("nonce")(script),
        |script| script.id_token = None,
    ] {
        assert!(matches!(unsigned("", &["openid"], change).await, Err(EngineError::IdToken(_))));
    }
}

#[tokio::test]
async fn a_nonce_is_owed_only_by_openid_connect_but_must_be_ours_wherever_it_comes_back() {
    assert!(unsigned("", &["read"], without("nonce")).await.is_ok());
    assert!(unsigned("", &["read"], |_| {}).await.is_ok());
    assert!(unsigned("", &["read"], set("nonce", json!("other"))).await.is_err());
}

#[tokio::test]
async fn an_issuer_that_varies_by_tenant_is_the_one_of_the_token() {
    let issuer = "issuer = 'https://op.test/{claim:tid}/v2.0'";
    let by = |iss: &'static str| {
        move |script: &mut Script| {
            script.claims()["tid"] = json!("t-1");
            script.claims()["iss"] = json!(iss);
        }
    };

    assert!(unsigned(issuer, &["openid"], by("https://op.test/t-1/v2.0")).await.is_ok());
    for iss in ["https://op.test/t-2/v2.0", "https://other.test/t-1/v2.0", "https://op.test/t-1"] {
        assert!(unsigned(issuer, &["openid"], by(iss)).await.is_err(), "{iss}");
    }
    assert!(unsigned(issuer, &["openid"], |_| {}).await.is_err(), "without the claim");
}
