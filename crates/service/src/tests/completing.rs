//! `link: code`: the app's backend says who is signed in, before the code is spent.

use grantway_core::{
    AppId, Code, Secret,
    message::{TokenReason, Told},
    session::Link,
    view::Shown,
};
use grantway_testkit::Person;
use serde_json::json;

use super::world::{Browser, World, app, user};
use crate::{CompleteRequest, Patience, ServiceError};

/// A stranger's browser that followed the link to the end, and the code it carries to the app.
async fn held(world: &World) -> (Browser, Secret) {
    let minted = world
        .mint(|r| {
            r.link = Link::Code;
            r.return_url = Some("https://app.test/done".into());
        })
        .await
        .unwrap();
    let opened = world.service.open_link(&minted.session_token).await.unwrap();
    let browser =
        Browser { session: opened.session_id, cookie: opened.cookie, poll: Secret::new(String::new()) };
    let away = world.depart(&browser).await.unwrap();
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    let Shown::Return { url } = world.shown(&browser).await else { panic!("no return") };
    let code = url.query_pairs().find(|(name, _)| name == "grantway").unwrap().1.into_owned();
    (browser, Secret::new(code))
}

fn request(code: &Secret, id: &str) -> CompleteRequest {
    CompleteRequest { code: code.clone(), user: Some(user(id)), user_token: None }
}

#[tokio::test]
async fn the_signed_in_user_completes_once() {
    let world = World::new().await;
    let (_, code) = held(&world).await;
    assert_eq!(world.token_requests(), 0, "nothing is spent before");

    let connection = world.service.complete(&app(), request(&code, "u1")).await.unwrap();
    let again = world.service.complete(&app(), request(&code, "u1")).await.unwrap_err();

    assert_eq!(connection.user.id, "u1");
    assert!(matches!(again, ServiceError::Token(TokenReason::Unknown)));
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn another_user_burns_the_session_and_the_code_stays_unspent() {
    let world = World::new().await;
    let (browser, code) = held(&world).await;

    let refusal = world.service.complete(&app(), request(&code, "victim")).await.unwrap_err();
    let later = world.service.complete(&app(), request(&code, "u1")).await.unwrap_err();

    assert_eq!((refusal.code(), later.code()), (Code::UserMismatch, Code::InvalidToken));
    assert_eq!(world.token_requests(), 0);
    let session = world.store.session(&browser.session).await.unwrap().unwrap();
    assert!(
        matches!(session.result(grantway_core::Timestamp(0)).outcome, Told::Error { error } if error.code == Code::UserMismatch)
    );
}

#[tokio::test]
async fn a_user_token_says_who_completes_it_and_one_that_is_not_believed_spends_nothing() {
    let world = World::new().await;
    let (_, code) = held(&world).await;
    let by = |user_token: Option<Secret>| CompleteRequest { code: code.clone(), user: None, user_token };

    let nobody = world.service.complete(&app(), by(None)).await.unwrap_err();
    let late = world.service.complete(&app(), by(Some(world.token(json!({"exp": 1}))))).await.unwrap_err();
    let connection = world.service.complete(&app(), by(Some(world.token(json!({}))))).await.unwrap();

    assert_eq!((nobody.code(), late.code()), (Code::InvalidField, Code::InvalidUserToken));
    assert_eq!(connection.user.id, "u1");
    let (browser, code) = held(&world).await;
    let other = world.token(json!({"sub": "victim"}));
    let request = CompleteRequest { code, user: None, user_token: Some(other) };
    assert_eq!(world.service.complete(&app(), request).await.unwrap_err().code(), Code::UserMismatch);
    assert_eq!(world.store.session(&browser.session).await.unwrap().unwrap().connections, []);
}

#[tokio::test]
async fn a_held_code_is_another_apps_business_and_grows_old() {
    let world = World::new().await;
    let (browser, code) = held(&world).await;
    let other: AppId = "other".parse().unwrap();

    assert!(world.service.complete(&other, request(&code, "u1")).await.is_err());
    world.clock.advance_seconds(60);
    assert!(world.service.complete(&app(), request(&code, "u1")).await.is_err());

    assert_eq!(world.token_requests(), 0);
    let Shown::Return { url } = world.shown(&browser).await else { panic!("no return") };
    let code = url.query_pairs().next().unwrap().1.into_owned();
    let told = world.service.result_for_backend(&app(), &Secret::new(code)).await.unwrap().outcome;
    assert!(
        matches!(told, Told::Error { error } if error.code == Code::InvalidToken),
        "and the app hears of it"
    );
}

#[tokio::test]
async fn the_browser_can_not_read_the_result_with_a_completion_code() {
    let world = World::new().await;
    let (_, code) = held(&world).await;

    assert!(
        world.service.result(&crate::ResultKey::Return(code.clone()), Patience::default()).await.is_err()
    );
    assert!(world.service.result_for_backend(&app(), &code).await.is_err());
}
