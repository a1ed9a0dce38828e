//! A grant's whole life, as a backend sees it.

use grantway_client::{
    Change, EventQuery, GrantId, GrantQuery, GrantStatus, Injection, Link, Mint, Operation, Outcome, Secret,
    Stage,
};
use http::Request;
use serde_json::Value;

use super::{API, client, mint_for, served, shown};
use crate::{
    proxy::upstream,
    world::{APP, Database, World},
};

#[tokio::test]
async fn a_grant_is_made_used_and_ended() {
    whole_life(Database::File).await;
}

#[tokio::test]
async fn a_grant_is_made_used_and_ended_on_postgres() {
    whole_life(Database::postgres()).await;
}

async fn whole_life(database: Database) {
    let stage = upstream::Stage::on(database, API).await;
    let grantway = client(&stage.world, stage.ours);
    let earlier: GrantId = stage.grant.parse().unwrap();
    stage.world.clock.advance_seconds(1);
    let metadata = [("plan".to_owned(), "pro".to_owned())].into();
    let mint = Mint { return_url: Some(format!("{APP}/done")), metadata, ..mint_for("u2") };

    let minted = grantway.mint(&mint).await.unwrap();
    let before = grantway.session(&minted.session_id).await.unwrap();
    let code = Secret::new(stage.world.come_back(&shown(&minted)).await);
    let after = grantway.session(&minted.session_id).await.unwrap();
    let result = grantway.result(&code).await.unwrap();

    assert!(before.stage == Stage::Minted && after.stage == Stage::Finished);
    assert!(matches!(before.result, Outcome::Pending));
    let Outcome::Success { connection, connections, user } = result.outcome else { panic!("{result:?}") };
    assert_eq!(
        (&connections, &after.connections, user.id.as_str()),
        (&vec![*connection.clone()], &connections, "u2")
    );
    assert!(connection.status == GrantStatus::Active && connection.operation == Operation::Creation);
    assert_eq!((connection.account.id.as_deref(), &connection.metadata["plan"][..]), (Some("ada"), "pro"));
    let id = connection.grant_id;

    let token = grantway.token(id, &["files.read"]).await.unwrap();
    let same = grantway.token_of_user("files", "u2", &[]).await.unwrap();
    assert!(token.access_token.expose().starts_with("CANARY-access"));
    assert_eq!((same.grant_id, same.access_token.expose()), (id, token.access_token.expose()));
    assert!(matches!(token.injection, Injection::Header { name, .. } if name == "Authorization"));

    let all = grantway.grants(&GrantQuery { limit: Some(1), ..GrantQuery::default() }).await.unwrap();
    let rest = grantway.grants(&GrantQuery { after: all.next, ..GrantQuery::default() }).await.unwrap();
    let own = GrantQuery {
        user_id: Some("u2".to_owned()),
        provider: Some("files".to_owned()),
        status: Some(GrantStatus::Active),
        ..GrantQuery::default()
    };
    assert_eq!((all.data[0].grant_id, &rest.data, rest.next), (earlier, &connections, None));
    assert_eq!(grantway.grants(&own).await.unwrap().data, connections);
    assert_eq!(grantway.grant(id).await.unwrap(), *connection);

    let revoked = grantway.revoke(id).await.unwrap();
    assert!(revoked.status == GrantStatus::Revoked);

    let events = grantway.events(&EventQuery::default()).await.unwrap();
    let nothing = EventQuery { after: Some(events.next.clone()), ..EventQuery::default() };
    let nothing = grantway.events(&nothing).await.unwrap();
    let kinds: Vec<_> = events.data.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["grant.created", "grant.created", "grant.revoked"]);
    assert_eq!(events.data[1].change, Change::GrantCreated(connection));
    assert!(
        events.data[2].id.starts_with("evt_")
            && events.data[2].change == Change::GrantRevoked(revoked.into())
    );
    assert!(nothing.data.is_empty() && nothing.next == events.next);

    grantway.mint(&mint_for("u1")).await.unwrap();
    let deleted = grantway.delete_user("u1").await.unwrap();
    assert_eq!((deleted.user_id.as_str(), deleted.grants_revoked), ("u1", vec![earlier]));
    assert_eq!((deleted.grants_forgotten, deleted.sessions_ended), (0, 1));
    assert_eq!(grantway.delete_user("u2").await.unwrap().grants_forgotten, 1);
}

#[tokio::test]
async fn a_held_session_is_completed_for_the_user_who_is_signed_in() {
    let stage = upstream::Stage::new(API).await;
    let grantway = client(&stage.world, stage.ours);
    let mint = Mint { link: Link::Code, return_url: Some(format!("{APP}/done")), ..mint_for("u2") };
    let minted = grantway.mint(&mint).await.unwrap();
    assert!(minted.connect_url.as_ref().unwrap().expose().contains(minted.session_token.expose()));

    let code = Secret::new(stage.world.come_back(&shown(&minted)).await);
    let connection = grantway.complete(&code, "u2").await.unwrap();

    assert_eq!((connection.user.id.as_str(), connection.account.id.as_deref()), ("u2", Some("ada")));
    assert_eq!(grantway.grant(connection.grant_id).await.unwrap(), connection);
}

#[tokio::test]
async fn a_client_for_one_user_sees_that_users_grants_alone() {
    let world = World::new().await;
    let (grant, grantway) = (world.grant().await, served(&world).await);
    let of = |user| grantway.for_user(&Secret::new(world.user_token(user))).unwrap();

    let own = of("u1").grants(&GrantQuery::default()).await.unwrap();
    let others = of("u2").grants(&GrantQuery::default()).await.unwrap();

    assert_eq!((own.data[0].grant_id.to_string(), others.data.len()), (grant, 0));
}

#[tokio::test]
async fn a_call_goes_to_the_provider_as_it_is_written_and_streams_both_ways() {
    let stage = upstream::Stage::new(API).await;
    let (grantway, grant) = (client(&stage.world, stage.ours), stage.grant.parse().unwrap());
    let chunks = futures::stream::iter(["hel", "lo"].map(Ok::<_, std::io::Error>));
    let streamed = Request::post("/api/echo").body(reqwest::Body::wrap_stream(chunks)).unwrap();
    let whole = format!("https://{}/api/notes?a=%7e+b", stage.host());
    let named =
        Request::patch(whole).header("x-acme", "1").header("authorization", "Basic mine").body("hi").unwrap();

    let mut echo = grantway.proxy(grant, streamed).await.unwrap();
    let seen = grantway.proxy(grant, named).await.unwrap();
    let page = grantway.proxy(grant, Request::get("/api/page").body("").unwrap()).await.unwrap();
    let away = grantway.proxy(grant, Request::get("/api/away").body("").unwrap()).await.unwrap();

    let mut echoed = Vec::new();
    while let Some(chunk) = echo.chunk().await.unwrap() {
        echoed.extend_from_slice(&chunk);
    }
    assert_eq!(echoed, b"hello");
    let seen: Value = serde_json::from_slice(&seen.bytes().await.unwrap()).unwrap();
    assert_eq!((&seen["method"], &seen["uri"]), (&"PATCH".into(), &"/api/notes?a=%7e+b".into()));
    assert_eq!((&seen["body"], &seen["headers"]["x-acme"]), (&"hi".into(), &"1".into()));
    assert!(seen["headers"]["authorization"].as_str().unwrap().starts_with("Bearer CANARY-access"));
    assert_eq!((page.status().as_u16(), away.status().as_u16()), (418, 307));
    assert_eq!(stage.evil_hits(), 0, "no redirect is followed");
}
