//! One audit row for each change.

use grantway_core::{KeyScope, Secret};
use grantway_testkit::{Switches, TokenBehaviour};

use super::world::{World, app};
use crate::{KeySpec, ServiceError};

async fn actions(world: &World) -> Vec<String> {
    world.store.audit_of(&app()).await.unwrap().into_iter().map(|row| row.action).collect()
}

#[tokio::test]
async fn every_step_of_a_connection_and_of_its_use_leaves_one_row() {
    let world = World::new().await;

    let spec = KeySpec { name: "backend".to_owned(), scopes: [KeyScope::Mint].into(), seconds: None };
    world.service.create_key(&app(), spec).await.unwrap();
    let grant = world.connect("ada", |_| {}).await.grant_id;
    world.service.token(&app(), grant, &[]).await.unwrap();
    world.connect("ada", |_| {}).await;
    world.service.revoke(&app(), grant).await.unwrap();
    world.service.revoke(&app(), grant).await.unwrap();

    let way = ["session.minted", "session.opened", "session.departed", "session.arrived"];
    let mut expected = vec!["app.applied", "key.created"];
    expected.extend(way);
    expected.extend(["grant.created", "token.read"]);
    expected.extend(way);
    expected.extend(["grant.reauthorized", "grant.revoked"]);
    assert_eq!(actions(&world).await, expected);
}

#[tokio::test]
async fn what_is_refused_leaves_no_row_of_a_change_that_was_not_made() {
    let world = World::new().await;
    let grant = world.connect("ada", |_| {}).await.grant_id;
    let before = actions(&world).await.len();
    world.clock.advance_seconds(3600);
    world.provider.set_switches(Switches { token: TokenBehaviour::ServerError, ..Switches::default() });

    assert!(world.service.token(&app(), grant, &[]).await.is_err());
    let unknown = world.service.authorize(&Secret::new("gw_sk_unknown".to_owned()), KeyScope::Mint).await;
    assert!(matches!(unknown, Err(ServiceError::Unauthorized)));

    assert_eq!(actions(&world).await.len(), before);
}
