//! Every refusal that a backend tells apart, met for real.

use std::time::Duration;

use grantway_client::{Client, Code, Error, GrantId, Link, Mint, Problem, Reason, Secret, Word};
use grantway_core::Clock;
use grantway_store::{Lease, Leased};
use grantway_testkit::{Person, Switches, TokenBehaviour};
use http::Request;

use super::{API, client, mint_for, shown};
use crate::{proxy::upstream::Stage, world::APP};

async fn stage() -> (Stage, Client, GrantId) {
    let stage = Stage::new(API).await;
    let (grantway, grant) = (client(&stage.world, stage.ours), stage.grant.parse().unwrap());
    (stage, grantway, grant)
}

fn problem<T: std::fmt::Debug>(answer: Result<T, Error>) -> Problem {
    match answer {
        Err(Error::Refused(problem)) => *problem,
        other => panic!("no refusal: {other:?}"),
    }
}

#[tokio::test]
async fn a_dead_grant_is_named_so_that_it_can_be_connected_again() {
    let (_stage, grantway, grant) = stage().await;
    grantway.revoke(grant).await.unwrap();

    let token = grantway.token(grant, &[]).await.unwrap_err();
    let call = grantway.proxy(grant, Request::get("/api/notes").body("").unwrap()).await.unwrap_err();

    let reason = Reason::CredentialRevoked { grant_id: grant, provider: "files".to_owned() };
    assert_eq!((token.reason(), call.reason()), (reason.clone(), reason));
    let problem = problem::<()>(Err(token));
    assert_eq!((problem.status, problem.title.as_str()), (409, "The grant no longer works at the provider"));
    assert!(problem.code == Code::CredentialRevoked && problem.advice.starts_with("Mint a session"));
}

#[tokio::test]
async fn several_grants_are_told_with_their_accounts() {
    let (stage, grantway, grant) = stage().await;
    let minted = grantway.mint(&mint_for("u1")).await.unwrap();
    let (id, cookies) = stage.world.open(&shown(&minted), &[]).await;
    let (url, cookies) = stage.world.depart(&id, &cookies).await;
    let callback = Person::allow(&stage.world.provider, &url, "grace").await;
    stage.world.get(&format!("{}?{}", callback.path(), callback.query().unwrap()), &cookies).await;
    // The callback's answer may come before the exchange has ended.
    let reason = loop {
        match grantway.token_of_user("files", "u1", &[]).await {
            Err(error) => break error.reason(),
            Ok(_) => tokio::task::yield_now().await,
        }
    };

    let Reason::AmbiguousGrant { mut grants } = reason else { panic!("{reason:?}") };
    grants.sort_by(|a, b| a.account_identifier.cmp(&b.account_identifier));
    assert_eq!((grants.len(), grants[0].grant_id), (2, grant));
    assert_eq!(grants[1].account_identifier.as_deref(), Some("grace@example.com"));
}

#[tokio::test]
async fn missing_scopes_and_missing_grants_are_told() {
    let (_stage, grantway, grant) = stage().await;
    let unknown = "6f9619ff-8b86-4011-b42d-00cf4fc964ff".parse().unwrap();

    let more = grantway.token(grant, &["files.read", "files.write"]).await.unwrap_err().reason();
    let nobody = grantway.token_of_user("files", "u2", &[]).await.unwrap_err().reason();
    let nothing = grantway.grant(unknown).await.unwrap_err().reason();

    let scopes_missing = vec!["files.write".to_owned()];
    assert_eq!(more, Reason::InsufficientScope { grant_id: grant, scopes_missing });
    assert_eq!((nobody, nothing), (Reason::GrantNotFound, Reason::GrantNotFound));
}

#[tokio::test]
async fn a_provider_that_fails_is_told_at_once_with_a_time_to_ask_again() {
    let (stage, grantway, grant) = stage().await;
    let token = TokenBehaviour::ServerError;
    stage.world.provider.set_switches(Switches { token, ..Switches::default() });
    stage.world.clock.advance_seconds(24 * 3600);
    let before = stage.token_requests();

    let mut told = Vec::new();
    for _ in 0..4 {
        match grantway.token(grant, &[]).await.unwrap_err().reason() {
            Reason::ProviderUnavailable { retry_after } => told.push(retry_after.unwrap().as_secs()),
            reason => panic!("{reason:?}"),
        }
    }

    assert_eq!(told, [5, 5, 5, 1], "in the end it is left alone for a second");
    assert_eq!(stage.token_requests() - before, 3, "no call was made twice");
}

#[tokio::test]
async fn a_refresh_that_another_process_does_not_end_is_told() {
    let (stage, grantway, grant) = stage().await;
    let world = &stage.world;
    world.clock.advance_seconds(24 * 3600);
    let generation = world.store.credential(grant).await.unwrap().unwrap().generation;
    let (owner, now) = ("rfr_of_another".to_owned(), world.clock.now());
    let lease = Lease { grant, generation, owner, now, seconds: 60 };
    assert_eq!(world.store.lease(&lease).await.unwrap(), Leased::Taken(None));
    // From here on there is a connection: nothing waits for one while time flies.
    grantway.grant(grant).await.unwrap();

    // A second goes by with each round trip through the database.
    let time_flies = async {
        loop {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::time::resume();
            world.api("GET", "/v1/grants", None).await;
        }
    };
    let answer = tokio::select! {
        answer = grantway.token(grant, &[]) => answer,
        () = time_flies => unreachable!("it has no end"),
    };

    let reason = answer.unwrap_err().reason();
    assert_eq!(reason, Reason::RefreshInProgress { retry_after: Some(Duration::from_secs(1)) });
}

#[tokio::test]
async fn any_other_refusal_has_its_code_and_what_comes_with_it() {
    let (stage, grantway, grant) = stage().await;
    let wrong =
        Client::new(&format!("http://{}", stage.ours), &Secret::new("gw_sk_CANARY".to_owned())).unwrap();
    let held = Mint { link: Link::Code, return_url: Some(format!("{APP}/done")), ..mint_for("u2") };
    let minted = grantway.mint(&held).await.unwrap();
    let code = Secret::new(stage.world.come_back(&shown(&minted)).await);

    let field = problem(grantway.mint(&Mint { expires_in: Some(1), ..mint_for("u1") }).await);
    let key = wrong.grants(&grantway_client::GrantQuery::default()).await.unwrap_err();
    let proxy = problem(grantway.proxy(grant, Request::get("/admin/x").body("").unwrap()).await);
    let user = problem(grantway.complete(&code, "u3").await);

    assert_eq!((field.code, &field.more["field"]), (Word::Known(Code::InvalidField), &"expires_in".into()));
    assert_eq!(
        key.to_string(),
        "grantway refused: unauthorized: the API key is missing, unknown, revoked or expired"
    );
    assert!(!format!("{key:?}").contains("CANARY"));
    assert!(proxy.code == Code::ProxyNotAllowed && proxy.more["allowed"].is_array());
    assert_eq!((user.code.clone(), user.reason()), (Word::Known(Code::UserMismatch), Reason::Other));
}
