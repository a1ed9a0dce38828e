//! The client has a method for each operation of `/openapi.json`.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::Response,
};
use grantway_client::{EventQuery, GrantQuery, Secret};

use super::{client, mint_for};
use crate::{
    openapi::{document, operations},
    proxy::upstream::{bind, spawn},
    world::World,
};

/// Methods and routes that were asked for.
type Heard = Arc<Mutex<BTreeSet<(String, String)>>>;

async fn listen(State(heard): State<Heard>, path: MatchedPath, request: Request, next: Next) -> Response {
    heard.lock().unwrap().insert((request.method().to_string(), path.as_str().to_owned()));
    next.run(request).await
}

#[tokio::test]
async fn every_operation_of_the_document_has_a_method() {
    let world = World::new().await;
    let heard = Heard::default();
    let listener = bind().await;
    let grantway = client(&world, listener.local_addr().unwrap());
    let router = world.router.clone();
    spawn(listener, router.layer(middleware::from_fn_with_state(Arc::clone(&heard), listen)));
    let told: BTreeSet<_> = operations(&document(&world).await).into_keys().collect();
    let (grant, code) =
        ("6f9619ff-8b86-4011-b42d-00cf4fc964ff".parse().unwrap(), Secret::new("x".to_owned()));

    let minted = grantway.mint(&mint_for("u1")).await.unwrap();
    let _ = grantway.session(&minted.session_id).await;
    let _ = grantway.complete(&code, "u1").await;
    let _ = grantway.result(&code).await;
    let _ = grantway.grants(&GrantQuery::default()).await;
    let _ = grantway.grant(grant).await;
    let _ = grantway.token(grant, &[]).await;
    let _ = grantway.token_of_user("files", "u1", &[]).await;
    let _ = grantway.revoke(grant).await;
    let _ = grantway.delete_user("u1").await;
    let _ = grantway.events(&EventQuery::default()).await;

    assert_eq!(*heard.lock().unwrap(), told);
}
