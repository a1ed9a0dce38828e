//! Who may open a session, and what the browsers see then.

use grantway_core::{
    Code, Secret,
    message::{TokenReason, Told},
    session::{Link, Stage},
    view::Shown,
};
use grantway_testkit::Person;

use super::world::{APP, World, open_request, poll_of};
use crate::{OpenRequest, Patience, ResultKey, ServiceError};

const NOW: Patience = Patience { seconds: 0, seen: None };
const LONG: Patience = Patience { seconds: 25, seen: None };

#[tokio::test]
async fn only_the_apps_own_page_opens_a_session() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();

    for origin in [
        None,
        Some("null"),
        Some("https://evil.test"),
        Some("https://app.test.evil.test"),
        Some("http://app.test"),
    ] {
        let refusal = world.service.open(open_request(&minted, origin)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::OriginNotAllowed, "{origin:?}");
    }
    assert!(world.service.open(open_request(&minted, Some(APP))).await.unwrap().cookie.is_some());
}

#[tokio::test]
async fn a_token_says_why_it_opens_nothing() {
    let world = World::new().await;
    let (old, used) = (world.mint(|_| {}).await.unwrap(), world.mint(|_| {}).await.unwrap());
    let browser = world.open(&used).await;
    world.service.leave(&browser.session, browser.cookie.as_ref()).await.unwrap();
    let unknown = OpenRequest { token: Secret::new("gws_x".to_owned()), ..open_request(&old, Some(APP)) };

    let used = world.service.open(open_request(&used, Some(APP))).await.unwrap_err();
    let unknown = world.service.open(unknown).await.unwrap_err();
    world.clock.advance_seconds(600);
    let expired = world.service.open(open_request(&old, Some(APP))).await.unwrap_err();

    assert!(matches!(used, ServiceError::Token(TokenReason::Used)));
    assert!(matches!(unknown, ServiceError::Token(TokenReason::Unknown)));
    assert!(matches!(expired, ServiceError::Token(TokenReason::Expired)));
}

#[tokio::test]
async fn until_the_first_depart_a_later_opening_takes_over_and_afterwards_none_does() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let first = world.open(&minted).await;
    let second = world.open(&minted).await;
    assert!(matches!(
        world.service.view(&first.session, first.cookie.as_ref()).await,
        Err(ServiceError::WrongBrowser)
    ));

    world.depart(&second).await.unwrap();
    let third = world.service.open(open_request(&minted, Some(APP))).await.unwrap();

    assert!(third.cookie.is_none(), "a third browser gets no cookie");
    assert!(matches!(world.shown(&second).await, Shown::Pick { .. }));
}

#[tokio::test]
async fn an_id_without_its_cookie_shows_the_same_as_one_that_never_was() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    let never = "cs_0123456789abcdefghijkl".parse().unwrap();
    let wrong = Secret::new("guess".to_owned());

    for (id, cookie) in
        [(&browser.session, None), (&browser.session, Some(&wrong)), (&never, browser.cookie.as_ref())]
    {
        assert!(matches!(world.service.view(id, cookie).await, Err(ServiceError::WrongBrowser)));
        assert!(matches!(world.service.leave(id, cookie).await, Err(ServiceError::WrongBrowser)));
    }
}

#[tokio::test]
async fn the_only_provider_is_forwarded_to_once() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    assert!(matches!(world.shown(&browser).await, Shown::Pick { forward: true, .. }));

    world.depart(&browser).await.unwrap();

    assert!(matches!(world.shown(&browser).await, Shown::Pick { forward: false, .. }), "Back is no trap");
}

#[tokio::test]
async fn a_link_is_refused_unless_the_session_was_minted_for_it() {
    let world = World::new().await;
    let off = world.mint(|_| {}).await.unwrap();
    let confirm = world.mint(|r| r.link = Link::Confirm).await.unwrap();

    assert_eq!(world.service.link_view(&off.session_token).await.unwrap_err().code(), Code::OriginNotAllowed);
    assert_eq!(world.service.open_link(&off.session_token).await.unwrap_err().code(), Code::OriginNotAllowed);
    let view = world.service.link_view(&confirm.session_token).await.unwrap();
    assert_eq!((view.app.as_str(), view.email.as_deref()), ("Acme", Some("a••••@acme.test")));
    assert!(confirm.connect_url.unwrap().as_str().starts_with("https://connect.test/connect?session=gws_"));
    assert!(world.service.open_link(&confirm.session_token).await.unwrap().cookie.is_some());
}

#[tokio::test]
async fn the_poll_secret_alone_reads_the_result_and_the_session_token_reads_nothing() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let browser = world.open(&minted).await;

    let polled = world.service.result(&ResultKey::Poll(browser.poll), NOW).await.unwrap().unwrap();
    let by_token = world.service.result(&ResultKey::Poll(minted.session_token), NOW).await.unwrap_err();

    assert_eq!((polled.result.outcome, polled.if_left), (Told::Pending, Some(Told::Exit)));
    assert_eq!(polled.origin.as_str(), APP);
    assert!(matches!(by_token, ServiceError::Token(TokenReason::Unknown)));
}

#[tokio::test]
async fn a_short_poll_secret_is_not_kept() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let short = Secret::new("p".repeat(21));

    world
        .service
        .open(OpenRequest { poll: Some(short.clone()), ..open_request(&minted, Some(APP)) })
        .await
        .unwrap();

    assert!(world.service.result(&ResultKey::Poll(short), NOW).await.is_err());
}

#[tokio::test]
async fn a_poll_waits_for_its_session_to_be_opened() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let (service, poll) = (world.service.clone(), poll_of(&minted));
    let waiting = tokio::spawn(async move { service.result(&ResultKey::Poll(poll), LONG).await });
    while !waiting.is_finished() && world.store.changes().listeners() == 0 {
        tokio::task::yield_now().await;
    }

    world.open(&minted).await;

    assert_eq!(waiting.await.unwrap().unwrap().unwrap().result.session_id, minted.session_id);
}

#[tokio::test]
async fn who_knows_the_stage_is_told_only_of_another() {
    let world = World::new().await;
    let minted = world.mint(|_| {}).await.unwrap();
    let browser = world.open(&minted).await;
    let key = ResultKey::Poll(browser.poll.clone());
    let seen = |stage| Patience { seen: Some(stage), ..LONG };

    let other = world.service.result(&key, seen(Stage::Minted)).await.unwrap();
    let same = world.service.result(&key, Patience { seconds: 0, ..seen(Stage::Picking) }).await.unwrap();
    let (service, waited_for) = (world.service.clone(), key.clone());
    let waiting = tokio::spawn(async move { service.result(&waited_for, seen(Stage::Picking)).await });
    while !waiting.is_finished() && world.store.changes().listeners() == 0 {
        tokio::task::yield_now().await;
    }
    world.depart(&browser).await.unwrap();

    assert_eq!(other.unwrap().result.stage, Stage::Picking);
    assert!(same.is_none());
    assert_eq!(waiting.await.unwrap().unwrap().unwrap().result.stage, Stage::AtProvider);
}

#[tokio::test]
async fn a_page_may_ask_back_only_to_the_allowed_origin() {
    let world = World::new().await;
    for (asked, given) in [
        ("https://app.test/here", Some("https://app.test/here")),
        ("https://app.test/here?a=1#there", Some("https://app.test/here?a=1")),
        ("https://evil.test/", None),
        ("https://other.test/", None),
    ] {
        let minted = world.mint(|_| {}).await.unwrap();
        let request = OpenRequest { return_to: Some(asked.to_owned()), ..open_request(&minted, Some(APP)) };
        let opened = world.service.open(request).await.unwrap();

        let session = world.store.session(&opened.session_id).await.unwrap().unwrap();
        assert_eq!(session.return_url().map(url::Url::as_str), given, "{asked}");
    }
}

#[tokio::test]
async fn a_redirect_returns_with_one_code_that_reads_the_result_for_five_minutes() {
    let world = World::new().await;
    let minted = world.mint(|r| r.return_url = Some("https://app.test/done?x=1".into())).await.unwrap();
    let opened = world
        .service
        .open(OpenRequest { mode: Default::default(), ..open_request(&minted, Some(APP)) })
        .await
        .unwrap();
    let browser = super::world::Browser {
        session: opened.session_id,
        cookie: opened.cookie,
        poll: Secret::new(String::new()),
    };
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    let Shown::Return { url } = world.shown(&browser).await else { panic!("no return") };
    let (name, code) = url.query_pairs().last().unwrap();
    let key = ResultKey::Return(Secret::new(code.into_owned()));

    assert_eq!(name, "grantway");
    let polled = world.service.result(&key, NOW).await.unwrap().unwrap();
    assert!(matches!(polled.result.outcome, Told::Success { .. }));
    assert!(world.service.result(&key, NOW).await.is_ok(), "a reload reads it again");
    world.clock.advance_seconds(299);
    assert!(world.service.result(&key, NOW).await.is_ok());
    world.clock.advance_seconds(1);
    assert!(world.service.result(&key, NOW).await.is_err());
}
