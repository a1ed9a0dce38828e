use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn provider(text: &str) -> Provider {
    toml::from_str(&format!("name = 'X'\nissuer = 'https://id.test'\n{text}")).unwrap()
}

fn standard(rules: &str, status: u16, kind: &str, body: &str) -> (u16, Value) {
    let answer = ::http::Response::builder().status(status).header(CONTENT_TYPE, kind);
    let answer = standardize(&provider(rules), answer.body(body.as_bytes().to_vec()).unwrap(), NOW);
    let fields: Value = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), fields)
}

fn fields(rules: &str, body: &Value) -> Value {
    let (status, mut fields) = standard(rules, 200, "application/json", &body.to_string());
    assert_eq!(status, 200, "{fields}");
    fields.as_object_mut().unwrap().retain(|name, _| !["answer", "token_type"].contains(&name.as_str()));
    fields
}

#[test]
fn an_error_inside_a_200_is_an_error() {
    for (rules, body, error) in [
        ("", r#"{"error":"bad_verification_code"}"#, "bad_verification_code"),
        ("answer = { ok = '/ok' }", r#"{"ok":false,"error":"invalid_code"}"#, "invalid_code"),
        ("answer = { ok = '/code == 0', error = '/message' }", r#"{"code":7,"message":"no"}"#, "no"),
        ("answer = { error = '/errcode' }", r#"{"errcode":40029}"#, "40029"),
        ("answer = { error = ['/error/code', '/error'] }", r#"{"error":{"code":190}}"#, "190"),
        ("", r#"{"error":{"type":"x"}}"#, "server_response"),
        ("answer = { error = '/errcode', dead = ['40030'] }", r#"{"errcode":40030}"#, "invalid_grant"),
    ] {
        let (status, fields) = standard(rules, 200, "application/json", body);

        assert_eq!((status, &fields), (400, &json!({"error": error})), "{body}");
    }
}

#[test]
fn what_looks_like_an_error_but_is_none_is_a_success() {
    let ok = "answer = { ok = '/code == 0', error = '/message', access_token = '/data/t' }";

    assert_eq!(fields(ok, &json!({"code": 0, "message": "OK", "data": {"t": "a"}}))["access_token"], "a");
    assert_eq!(
        fields("answer = { error = '/errcode' }", &json!({"errcode": 0, "access_token": "a"}))["access_token"],
        "a"
    );
}

#[test]
fn parts_are_found_where_the_catalog_says() {
    let rules = "answer = { access_token = ['/access_token', '/authed_user/access_token'], extra = { team = '/team/id' } }";

    let found = fields(
        rules,
        &json!({"authed_user": {"access_token": "u"}, "team": {"id": 7}, "refresh_token": null}),
    );

    assert_eq!(found, json!({"access_token": "u", "extra": {"team": "7"}}));
}

#[test]
fn a_lifetime_is_told_in_many_ways() {
    let jwt = format!("h.{}.s", URL_SAFE_NO_PAD.encode(r#"{"exp":1790000050}"#));
    for (rules, body, seconds) in [
        ("", json!({"expires_in": "60"}), Some(60)),
        ("", json!({"expires_in": 60.9}), Some(60)),
        ("", json!({"expires_in": 0}), None),
        ("", json!({}), None),
        ("answer = { default_expires_in = 7200 }", json!({}), Some(7200)),
        ("answer = { expires_at = '/e' }", json!({"e": 1_790_000_030}), Some(30)),
        ("answer = { expires_at = '/e' }", json!({"e": 1_790_000_030_000_i64}), Some(30)),
        ("answer = { expires_at = '/e' }", json!({"e": "2026-09-21T14:14:20Z"}), Some(60)),
        ("answer = { expires_by_jwt = true }", json!({"access_token": jwt}), Some(50)),
    ] {
        let found = fields(rules, &body);

        assert_eq!(found.get("expires_in").and_then(Value::as_u64), seconds, "{rules} {body}");
    }
}

#[test]
fn scopes_become_a_text_with_spaces_in_our_words() {
    let second = "answer = { second_scope = '/u' }\nsecond_scopes = { param = 'p', prefix = 'user:' }";
    for (rules, body, scope) in [
        ("answer = { scope_separator = ',' }", json!({"scope": "a, b"}), "a b"),
        ("", json!({"scope": ["a", "b"]}), "a b"),
        ("scope_separator = ','", json!({"scope": "a,b"}), "a b"),
        ("scope_separator = ','", json!({"scope": "a b"}), "a b"),
        (
            "answer = { scope_aliases = { 'https://id.test/email' = 'email' } }",
            json!({"scope": "x https://id.test/email"}),
            "x email",
        ),
        (second, json!({"scope": "a", "u": "b c"}), "a user:b user:c"),
        (second, json!({"u": "b"}), "user:b"),
    ] {
        assert_eq!(fields(rules, &body)["scope"], scope, "{body}");
    }
}

#[test]
fn a_form_is_an_answer_too() {
    let form = "access_token=a&scope=x+y";
    for kind in ["application/x-www-form-urlencoded", "text/plain", "text/html; charset=utf-8"] {
        let (_, fields) = standard("", 200, kind, form);

        assert_eq!((&fields["access_token"], &fields["scope"]), (&json!("a"), &json!("x y")), "{kind}");
    }
}

#[test]
fn a_token_that_is_bound_to_a_key_is_of_no_use() {
    let (_, bound) = standard("", 200, "application/json", r#"{"access_token":"a","token_type":"DPoP"}"#);
    let (_, odd) = standard("", 200, "application/json", r#"{"access_token":"a","token_type":"bEARER"}"#);

    assert_eq!(bound.get("token_type"), None);
    assert_eq!(odd["token_type"], "bearer");
}
