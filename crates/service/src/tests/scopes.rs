//! Scopes that were left out: told on the page, repaired with one click, no obstacle to who goes on without.

use grantway_core::{Code, message::Told, view::Shown};
use grantway_testkit::Person;

use super::world::{Browser, World, app};
use crate::{Patience, ResultKey};

const SOME: [&str; 1] = ["profile"];

impl World {
    /// A browser that allowed only [`SOME`].
    async fn partial(&self, provider: &str) -> Browser {
        let allowed = Some(vec![provider.to_owned()]);
        let browser = self.open(&self.mint(|r| r.allowed_providers = allowed).await.unwrap()).await;
        self.come_back_with(&browser, provider, &SOME).await;
        browser
    }
}

#[tokio::test]
async fn a_person_who_leaves_out_scopes_is_shown_them_and_may_go_on_without() {
    let world = World::new().await;
    let browser = world.partial("files").await;

    let Shown::Trouble { code, missing, .. } = world.shown(&browser).await else { panic!("not asked") };
    let pending = world.service.result(&ResultKey::Poll(browser.poll.clone()), Patience::default()).await;
    let if_left = pending.unwrap().unwrap().if_left;
    world.leave(&browser).await;

    assert_eq!((code, missing), (Code::ScopesMissing, vec!["files.read".to_owned()]));
    assert!(matches!(if_left, Some(Told::Success { .. })), "a closed window is a success all the same");
    let connection = world.told(&browser).await;
    assert_eq!(
        (connection.scopes, connection.scopes_missing),
        (vec!["profile".to_owned()], vec!["files.read".to_owned()])
    );
    assert_eq!(world.event_kinds().await, ["grant.created"]);
}

#[tokio::test]
async fn one_more_trip_completes_the_same_grant_and_is_told_once() {
    for provider in ["files", "nobody"] {
        let world = World::new().await;
        let browser = world.partial(provider).await;
        let needed = ["files.read".to_owned()];
        let session = world.store.session(&browser.session).await.unwrap().unwrap();
        let partial = session.connections[0].grant_id;
        let refusal = world.service.token(&app(), partial, &needed).await.unwrap_err();

        let away = world.depart_to(&browser, provider).await.unwrap();
        assert!(
            away.url.query().unwrap().contains("include_granted_scopes=true"),
            "it adds to what there is"
        );
        let callback = Person::allow(&world.provider, &away.url, "ada").await;
        world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

        let Told::Success { connection, connections, .. } = world.heard(&browser).await.result.outcome else {
            panic!("no success")
        };
        assert_eq!((connection.grant_id, connections.len()), (partial, 1), "{provider}");
        assert!(connection.scopes_missing.is_empty());
        assert_eq!(refusal.code(), Code::InsufficientScope);
        assert!(world.service.token(&app(), partial, &needed).await.is_ok());
        assert_eq!(world.event_kinds().await, ["grant.created", "grant.reauthorized"]);
    }
}

#[tokio::test]
async fn who_leaves_them_out_again_or_says_no_is_not_asked_for_ever() {
    let world = World::new().await;
    let (stubborn, refusing) = (world.partial("files").await, world.partial("files").await);

    world.come_back_with(&stubborn, "files", &SOME).await;
    let away = world.depart(&refusing).await.unwrap();
    let callback = Person::deny(&world.provider, &away.url).await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    let Shown::Trouble { code, missing, .. } = world.shown(&refusing).await else { panic!("no trouble") };
    world.leave(&refusing).await;

    assert_eq!(world.told(&stubborn).await.scopes_missing, ["files.read"]);
    assert_eq!((code, missing.len()), (Code::AccessDenied, 0));
    assert_eq!(world.told(&refusing).await.scopes, SOME, "what was made stays");
}

#[tokio::test]
async fn another_account_on_the_second_trip_is_a_question_and_both_can_be_kept() {
    let world = World::new().await;
    let browser = world.partial("files").await;

    world.come_back(&browser, "grace").await;
    let Shown::Trouble { code, accounts, .. } = world.shown(&browser).await else { panic!("no question") };
    world.service.keep_both(&browser.session, browser.cookie.as_ref()).await.unwrap();

    assert_eq!((code, accounts.unwrap().got.as_str()), (Code::AccountMismatch, "grace@example.com"));
    let Told::Success { connection, connections, .. } = world.heard(&browser).await.result.outcome else {
        panic!("no success")
    };
    assert_eq!((connection.account.id.as_deref(), connections.len()), (Some("grace"), 2));
}

#[tokio::test]
async fn a_session_of_several_providers_takes_another_account_as_another_grant() {
    let world = World::new().await;
    let several = world.mint(|r| (r.multiple, r.allowed_providers) = (true, Some(vec!["nobody".into()])));
    let browser = world.open(&several.await.unwrap()).await;

    world.come_back_with(&browser, "nobody", &SOME).await;
    world.come_back_with(&browser, "nobody", &SOME).await;
    world.leave(&browser).await;

    let Told::Success { connections, .. } = world.heard(&browser).await.result.outcome else {
        panic!("no success")
    };
    assert_eq!(connections.len(), 2, "who tells no account is never taken for another's grant");
}

#[tokio::test]
async fn a_grant_that_lacks_scopes_is_completed_by_its_id_in_a_later_session() {
    let world = World::new().await;
    let browser = world.partial("files").await;
    world.leave(&browser).await;
    let partial = world.told(&browser).await.grant_id;

    let again = world.open_again(partial, |_| {}).await;
    world.come_back(&again, "ada").await;

    let whole = world.told(&again).await;
    assert_eq!((whole.grant_id, whole.scopes_missing.len()), (partial, 0));
}

#[tokio::test]
async fn a_session_of_several_providers_says_so_in_its_picker() {
    let world = World::new().await;
    let browser = world.open(&world.mint(|r| r.multiple = true).await.unwrap()).await;

    world.come_back_with(&browser, "files", &SOME).await;
    let Shown::Pick { choices: lacking, .. } = world.shown(&browser).await else { panic!("no picker") };
    world.come_back(&browser, "ada").await;
    let Shown::Pick { choices: whole, .. } = world.shown(&browser).await else { panic!("no picker") };

    assert!(lacking[0].lacks_scopes && !whole[0].lacks_scopes);
}
