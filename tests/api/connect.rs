//! The posts of the Connect pages, by every row of the table of openers.

use serde_json::json;

use crate::world::{APP, CONNECT, World};

#[tokio::test]
async fn only_the_apps_own_page_opens_a_session_and_a_refusal_names_both_origins() {
    let world = World::new().await;
    let minted = world.mint(json!({})).await;
    let token = minted["session_token"].as_str().unwrap();

    for (origin, shown, advice) in [
        (Some("https://evil.test"), "https://evil.test", "allowed_origin"),
        (Some("null"), "null", "Referrer-Policy: no-referrer"),
        (None, "none", "no Origin header"),
    ] {
        let answer = world.post("/connect", origin, "", &[("session", token)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location"), answer.cookies().as_str()),
            (403, None, "")
        );
        assert!(
            answer.text.contains(APP) && answer.text.contains(shown) && answer.text.contains(advice),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains(token));
    }
    let answer = world.post("/connect", Some(APP), "", &[("session", token)]).await;
    assert_eq!(
        answer.header("location"),
        Some(format!("/connect/{}", minted["session_id"].as_str().unwrap()).as_str())
    );
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-cs_")
            && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1200"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_window_that_was_opened_in_vain_says_so_to_the_page_that_opened_it_and_to_no_other() {
    let world = World::new().await;
    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let token = minted["session_token"].as_str().unwrap();
    let other = "https://other.test";
    let open = async |origin: Option<&str>, token: &str, mode: &str| {
        world.post("/connect", origin, "", &[("session", token), ("mode", mode)]).await.text
    };

    let unknown = open(Some(APP), "gws_unknown", "popup").await;
    let from_another = open(Some(other), token, "popup").await;

    assert!(unknown.contains(&format!(r#"data-origin="{APP}""#)), "{unknown}");
    assert!(unknown.contains("&quot;code&quot;:&quot;invalid_token&quot;"));
    assert!(unknown.contains("&quot;reason&quot;:&quot;unknown&quot;"));
    assert!(!unknown.contains("data-stays"));
    assert!(from_another.contains(&format!(r#"data-origin="{other}""#)));
    assert!(from_another.contains(&format!("(opened by {other}, but minted for {APP})")), "{from_another}");
    assert!(from_another.contains("&quot;code&quot;:&quot;origin_not_allowed&quot;"));
    assert!(from_another.contains("data-stays"), "a developer reads which origins there are");
    for silent in [
        open(Some(APP), "gws_unknown", "redirect").await,
        open(Some("null"), token, "popup").await,
        open(None, token, "popup").await,
    ] {
        assert!(!silent.contains("data-origin"), "{silent}");
    }
}

#[tokio::test]
async fn a_link_opens_nothing_that_was_not_minted_for_it() {
    let world = World::new().await;
    let off = world.mint(json!({})).await;
    let link = world.mint(json!({"link": "confirm"})).await;
    let page = async |minted: &serde_json::Value| {
        world.get(&format!("/connect?session={}", minted["session_token"].as_str().unwrap()), "").await
    };

    let refused = page(&off).await;
    let shown = page(&link).await;

    assert_eq!((refused.status.as_u16(), refused.cookies().as_str()), (403, ""));
    assert_eq!((shown.status.as_u16(), shown.cookies().as_str()), (200, ""));
    assert!(shown.text.contains("a••••@acme.test") && !shown.text.contains("alice@acme.test"));
    let status = world
        .api("GET", &format!("/v1/connect/sessions/{}", link["session_id"].as_str().unwrap()), None)
        .await
        .json();
    assert_eq!(status["stage"], "minted", "looking changes nothing");
}

#[tokio::test]
async fn a_link_is_opened_by_its_own_page_alone() {
    let world = World::new().await;
    let link = world.mint(json!({"link": "confirm"})).await;
    let form = [("session", link["session_token"].as_str().unwrap())];

    for origin in [Some(APP), Some("https://evil.test"), None] {
        let answer = world.post("/connect/link", origin, "", &form).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (403, None), "{origin:?}");
    }
    assert_eq!(world.post("/connect/link", Some(CONNECT), "", &form).await.status, 303);
}

#[tokio::test]
async fn departing_is_answered_by_a_page_that_forwards_and_never_by_a_redirect() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;

    let answer =
        world.post(&format!("/connect/{id}/depart"), Some(CONNECT), &cookies, &[("provider", "files")]).await;

    assert_eq!((answer.status.as_u16(), answer.header("location")), (200, None));
    assert!(answer.text.contains("Taking you to Files…"));
    assert!(
        answer.text.contains("http-equiv=\"refresh\"")
            && answer.text.contains("href=\"https://files.test/authorize?")
    );
    assert!(answer.cookies().starts_with("__Host-gwf_"));
}

#[tokio::test]
async fn a_post_from_another_site_or_without_the_cookie_changes_nothing() {
    let world = World::new().await;
    let (id, cookies) = world.open(&world.mint(json!({})).await, &[]).await;

    for step in ["depart", "leave"] {
        let path = format!("/connect/{id}/{step}");
        let across = world.post(&path, Some("https://evil.test"), &cookies, &[("provider", "files")]).await;
        let stranger = world.post(&path, Some(CONNECT), "", &[("provider", "files")]).await;
        assert_eq!((across.status.as_u16(), stranger.status.as_u16()), (403, 403), "{step}");
    }
    let status = world.api("GET", &format!("/v1/connect/sessions/{id}"), None).await.json();
    assert_eq!(status["stage"], "picking");
}

#[tokio::test]
async fn a_form_post_callback_does_nothing_but_relay_itself_and_only_where_the_catalog_says_so() {
    let world = World::new().await;
    let form = [("state", "s"), ("code", "a b")];

    let relayed = world.post("/connect/callback/acme.posts", Some("https://files.test"), "", &form).await;
    let refused = world.post("/connect/callback/acme.files", Some("https://files.test"), "", &form).await;

    assert_eq!(
        (relayed.status.as_u16(), relayed.header("location")),
        (303, Some("/connect/callback/acme.posts?state=s&code=a+b"))
    );
    assert_eq!((refused.status.as_u16(), refused.header("location")), (400, None));
}

#[tokio::test]
async fn a_callback_says_plainly_what_is_wrong_with_it() {
    let world = World::new().await;
    for (path, status, says) in [
        ("/connect/callback/acme.files?state=x&code=y", 400, "This answer was already used or is too old"),
        ("/connect/callback/acme.files?code=y", 400, "This answer was already used or is too old"),
        ("/connect/callback/acme.files?state=x&state=y", 400, "did not fit the question"),
        ("/connect/callback/nonsense?state=x", 404, "There is nothing here"),
    ] {
        let answer = world.get(path, "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (status, None), "{path}");
        assert!(answer.text.contains(says), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_form_that_can_not_be_read_is_refused() {
    let world = World::new().await;
    let answer = world.post("/connect", Some(APP), "", &[("sesion", "x")]).await;

    assert_eq!(answer.status, 400);
    assert!(
        answer.text.contains("The request can’t be read")
            || answer.text.contains("The request can't be read")
            || answer.text.contains("The request can&#x27;t be read"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn another_account_is_a_page_that_asks_and_keeps_both_by_one_post() {
    let world = World::new().await;
    world.connect(&world.mint(json!({"allowed_providers": ["files"]})).await, &[]).await;
    let list = world.api("GET", "/v1/grants", None).await.json();
    let minted = world.mint(json!({"grant_id": list["data"][0]["grant_id"]})).await;
    let (id, cookies) = world.open(&minted, &[]).await;
    let (url, cookies) = world.depart(&id, &cookies).await;
    let callback = grantway_testkit::Person::allow(&world.provider, &url, "grace").await;
    world.get(&format!("{}?{}", callback.path(), callback.query().unwrap()), &cookies).await;

    let page = world.get(&format!("/connect/{id}"), &cookies).await.text;
    let keep = format!("/connect/{id}/keep");
    let foreign = world.post(&keep, Some(APP), &cookies, &[]).await;
    let stranger = world.post(&keep, Some(CONNECT), "", &[]).await;
    let kept = world.post(&keep, Some(CONNECT), &cookies, &[]).await;
    let twice = world.post(&keep, Some(CONNECT), &cookies, &[]).await;

    for part in
        ["ada@example.com", "grace@example.com", "Use the account from before", "Keep both accounts", &keep]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("CANARY"));
    assert_eq!((foreign.status.as_u16(), stranger.status.as_u16()), (403, 403));
    let own = format!("/connect/{id}");
    assert_eq!((kept.status.as_u16(), kept.header("location")), (303, Some(own.as_str())));
    assert_eq!((twice.status.as_u16(), twice.header("location")), (303, Some(own.as_str())));
    assert_eq!(world.get(&keep, &cookies).await.header("location"), Some(own.as_str()));
    let grants = world.api("GET", "/v1/grants?status=active", None).await.json();
    assert_eq!(grants["data"].as_array().unwrap().len(), 2);
}
