//! `/authorize` and the person's answer.

use super::*;
use crate::{Answer, PersonError};

async fn answer(desk: &Desk, fields: &Fields) -> Result<Url, PersonError> {
    Person::answer(&desk.provider, &desk.authorize_url(fields), Answer::Allow { account: "ada" }).await
}

#[tokio::test]
async fn a_yes_comes_back_with_code_state_and_issuer() {
    let desk = Desk::new();

    let callback = answer(&desk, &question()).await.unwrap();

    let query = query(&callback);
    assert!(callback.as_str().starts_with(CALLBACK));
    assert!(query["code"].starts_with("CANARY-"));
    assert_eq!(query["state"], "state & more");
    assert_eq!(query["iss"], "https://provider.test");
}

#[tokio::test]
async fn a_no_comes_back_as_access_denied() {
    let desk = Desk::new();

    let callback = Person::deny(&desk.provider, &desk.authorize_url(&question())).await;

    let query = query(&callback);
    assert_eq!(query["error"], "access_denied");
    assert_eq!(query["state"], "state & more");
    assert_eq!(query["iss"], "https://provider.test");
}

#[tokio::test]
async fn an_unknown_client_or_redirect_uri_gets_a_page_and_no_redirect() {
    let desk = Desk::new();
    let trailing_slash = format!("{CALLBACK}/");
    let mut twice = question();
    twice.push(("redirect_uri", CALLBACK.to_owned()));

    for fields in [
        with(question(), "client_id", "nobody"),
        with(question(), "redirect_uri", &trailing_slash),
        without(question(), "redirect_uri"),
        twice,
    ] {
        let stuck = answer(&desk, &fields).await;

        assert!(matches!(stuck, Err(PersonError::Stuck { status: StatusCode::BAD_REQUEST, .. })));
    }
}

#[tokio::test]
async fn a_faulty_question_is_sent_back_to_the_client() {
    let desk = Desk::new();
    let mut twice = question();
    twice.push(("scope", "profile".to_owned()));

    for (fields, error) in [
        (without(question(), "state"), "invalid_request"),
        (without(question(), "code_challenge"), "invalid_request"),
        (with(question(), "code_challenge", "short"), "invalid_request"),
        (without(question(), "code_challenge_method"), "invalid_request"),
        (with(question(), "code_challenge_method", "plain"), "invalid_request"),
        (with(question(), "response_type", "token"), "unsupported_response_type"),
        (with(question(), "scope", "two  spaces"), "invalid_scope"),
        (twice, "invalid_request"),
    ] {
        let callback = answer(&desk, &fields).await.unwrap();

        assert_eq!(query(&callback)["error"], error, "{fields:?}");
        assert_eq!(query(&callback)["iss"], "https://provider.test");
    }
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let desk = Desk::new();
    let url = desk.authorize_url(&question());
    let page = desk.send(Request::get(url.as_str()), "").await.unwrap();
    let page = String::from_utf8(page.into_body()).unwrap();
    let id = page.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let no = vec![("request", id.to_owned()), ("decision", "deny".to_owned())];

    let first = desk.post("/authorize/decide", &no).await.unwrap();
    let second = desk.post("/authorize/decide", &no).await.unwrap();

    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert_eq!(second.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_scope_that_was_not_asked_for_is_not_granted() {
    let desk = Desk::new();
    let behaviour = TokenBehaviour::Normal;
    let more = Answer::AllowSome { account: "ada", scopes: &["files.read", "files.write"], behaviour };
    let none = Answer::AllowSome { account: "ada", scopes: &[], behaviour };
    let url = desk.authorize_url(&question());

    let more = Person::answer(&desk.provider, &url, more).await;
    let none = Person::answer(&desk.provider, &url, none).await.unwrap();

    assert!(matches!(more, Err(PersonError::Stuck { .. })));
    assert_eq!(query(&none)["error"], "access_denied");
}

#[tokio::test]
async fn the_page_names_client_and_scopes_as_text_and_lets_no_script_run() {
    let desk = Desk::new();
    let url = desk.authorize_url(&with(question(), "scope", "<script>&'"));

    let answer = desk.send(Request::get(url.as_str()), "").await.unwrap();

    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = String::from_utf8(answer.into_body()).unwrap();
    assert!(page.contains("Allow <strong>acme</strong>"));
    assert!(page.contains("value=\"&lt;script&gt;&amp;&#39;\""));
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("form-action"));
}
