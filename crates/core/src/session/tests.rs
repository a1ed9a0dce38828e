use std::collections::BTreeMap;

use super::*;
use crate::{
    Digest,
    grant::User,
    message::{TokenReason, Told},
};
use crate::{
    grant::{Account, GrantStatus, Operation},
    ids::RegistrationId,
};

fn session() -> Session {
    Session {
        id: "cs_0123456789abcdefghijkl".parse().unwrap(),
        app: "acme".parse().unwrap(),
        terms: Terms {
            providers: vec!["files".parse().unwrap()],
            allowed_origin: "https://app.test".parse().unwrap(),
            return_url: None,
            user: User { id: "u1".to_owned(), email: None, name: None },
            scopes: BTreeMap::new(),
            parameters: BTreeMap::new(),
            grant_id: None,
            switch_account: false,
            multiple: false,
            link: Link::Off,
            locale: None,
            theme: None,
            metadata: BTreeMap::new(),
        },
        opening: None,
        departed: false,
        progress: Progress::Choosing,
        connections: Vec::new(),
        created_at: Timestamp(0),
        expires_at: Timestamp(600_000),
        version: 1,
    }
}

fn opened() -> Session {
    let opening =
        Opening { browser: Digest::of("b"), mode: Mode::Popup, bound: true, poll: None, return_to: None };
    session().open(opening, Timestamp(0)).unwrap()
}

fn files() -> ProviderId {
    "files".parse().unwrap()
}

fn connection() -> Connection {
    let grant = crate::grant::Grant {
        id: "6f9619ff-8b86-4011-b42d-00cf4fc964ff".parse().unwrap(),
        app: "acme".parse().unwrap(),
        user: session().terms.user,
        provider: files(),
        registration: RegistrationId::of(&"acme".parse().unwrap(), &files()),
        account: Account::default(),
        parameters: BTreeMap::new(),
        scopes: Vec::new(),
        scopes_missing: Vec::new(),
        status: GrantStatus::Active,
        operation: Operation::Creation,
        metadata: BTreeMap::new(),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    grant.connection("Files")
}

#[test]
fn the_stages_of_a_straight_path() {
    let away = opened().depart(&files(), Timestamp(1)).unwrap();
    let working = away.clone().arrive(&files(), Timestamp(2)).unwrap();
    let done = working.clone().connected(connection(), Timestamp(3));

    let stages = [session(), opened(), away, working, done].map(|session| session.stage());

    assert_eq!(stages, [Stage::Minted, Stage::Picking, Stage::AtProvider, Stage::Working, Stage::Finished]);
}

#[test]
fn a_session_is_finished_once() {
    let done = opened().depart(&files(), Timestamp(1)).unwrap().connected(connection(), Timestamp(2));

    assert_eq!(done.clone().leave(Timestamp(3)), Err(SessionError::Finished));
    assert_eq!(done.clone().depart(&files(), Timestamp(3)), Err(SessionError::Finished));
    assert_eq!(done.arrive(&files(), Timestamp(3)), Err(SessionError::Finished));
}

#[test]
fn nothing_interrupts_an_exchange() {
    let working = opened().depart(&files(), Timestamp(1)).unwrap().arrive(&files(), Timestamp(2)).unwrap();

    assert_eq!(working.clone().leave(Timestamp(3)), Err(SessionError::OutOfStep));
    assert_eq!(working.clone().depart(&files(), Timestamp(3)), Err(SessionError::OutOfStep));
    assert_eq!(working.arrive(&files(), Timestamp(3)), Err(SessionError::OutOfStep));
}

#[test]
fn a_provider_that_was_not_offered_is_refused() {
    let other = "other".parse().unwrap();

    assert_eq!(opened().depart(&other, Timestamp(1)), Err(SessionError::NotOffered));
}

#[test]
fn leaving_means_what_was_made_or_the_trouble_or_an_exit() {
    let trouble = opened().trouble(&files(), Code::AccessDenied, None);
    let mut several = opened();
    several.terms.multiple = true;
    let several = several.connected(connection(), Timestamp(1));

    assert_eq!(opened().told_if_left(), Told::Exit);
    assert!(matches!(trouble.told_if_left(), Told::Error { error } if error.code == Code::AccessDenied));
    assert!(matches!(several.told_if_left(), Told::Success { .. }));
    let left = several.leave(Timestamp(2)).unwrap();
    assert!(matches!(left.result(Timestamp(3)).outcome, Told::Success { .. }));
}

/// What came back without a scope that was asked for.
fn partial() -> Connection {
    Connection { scopes_missing: vec!["write".to_owned()], ..connection() }
}

#[test]
fn missing_scopes_are_asked_for_once_and_leaving_means_success() {
    let working = opened().depart(&files(), Timestamp(1)).unwrap().arrive(&files(), Timestamp(2)).unwrap();

    let asked = working.connected(partial(), Timestamp(3));
    let again = asked.clone().depart(&files(), Timestamp(4)).unwrap().arrive(&files(), Timestamp(5)).unwrap();

    assert!(matches!(asked.progress, Progress::Troubled { code: Code::ScopesMissing, .. }));
    assert_eq!(asked.result(Timestamp(4)).outcome, Told::Pending);
    assert!(matches!(asked.told_if_left(), Told::Success { .. }));
    assert!(matches!(asked.result(Timestamp(600_000)).outcome, Told::Success { .. }), "nobody came back");
    let left = asked.leave(Timestamp(4)).unwrap();
    assert!(matches!(left.result(Timestamp(4)).outcome, Told::Success { .. }));
    for connection in [partial(), connection()] {
        let done = again.clone().connected(connection, Timestamp(6));
        assert_eq!((done.stage(), done.connections.len()), (Stage::Finished, 1));
    }
}

#[test]
fn nobody_is_asked_for_scopes_who_is_not_there_or_has_a_picker_to_do_it() {
    let held = opened().hold(&files(), Vec::new(), Timestamp(9));
    let mut several = opened();
    several.terms.multiple = true;

    assert_eq!(held.connected(partial(), Timestamp(3)).stage(), Stage::Finished);
    assert_eq!(several.connected(partial(), Timestamp(3)).stage(), Stage::Picking);
}

#[test]
fn a_session_whose_time_is_over_has_failed() {
    let over = opened().result(Timestamp(600_000)).outcome;

    assert_eq!(over, Told::Error { error: TokenReason::Expired.into() });
}

#[test]
fn an_exchange_that_a_crash_cut_off_can_be_tried_again() {
    let working = opened().depart(&files(), Timestamp(1)).unwrap().arrive(&files(), Timestamp(2)).unwrap();

    let soon = working.clone().with_lost_work_noticed(Timestamp(120_001));
    let later = working.clone().with_lost_work_noticed(Timestamp(120_002));

    assert_eq!(soon, working);
    assert_eq!(later.stage(), Stage::Troubled);
    assert!(later.depart(&files(), Timestamp(120_003)).is_ok());
}
