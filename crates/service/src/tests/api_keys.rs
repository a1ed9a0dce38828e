//! What a key opens, and for how long.

use std::collections::BTreeSet;

use grantway_core::{KeyScope, Secret};

use super::world::{World, app};
use crate::{KeySpec, ServiceError};

fn spec(name: &str, scopes: &[KeyScope]) -> KeySpec {
    KeySpec { name: name.to_owned(), scopes: scopes.iter().copied().collect(), seconds: None }
}

async fn create(world: &World, spec: KeySpec) -> Result<Secret, ServiceError> {
    world.service.create_key(&app(), spec).await
}

#[tokio::test]
async fn a_key_opens_what_it_was_made_for_and_nothing_else() {
    let world = World::new().await;
    let key = create(&world, spec("edge", &[KeyScope::Mint])).await.unwrap();

    let caller = world.service.authorize(&key, KeyScope::Mint).await.unwrap();
    let refusal = world.service.authorize(&key, KeyScope::ReadTokens).await.unwrap_err();

    assert_eq!(caller.app, app());
    assert!(matches!(refusal, ServiceError::KeyScope { needed: KeyScope::ReadTokens }), "{refusal}");
    assert_eq!(refusal.to_string(), "the API key lacks the scope read_tokens");
}

#[tokio::test]
async fn a_name_has_two_active_keys_at_most_so_that_one_can_follow_the_other() {
    let world = World::new().await;
    let old = create(&world, spec("backend", &[KeyScope::Admin])).await.unwrap();
    create(&world, spec("backend", &[KeyScope::Admin])).await.unwrap();

    let third = create(&world, spec("backend", &[KeyScope::Admin])).await.unwrap_err();
    assert_eq!(
        third.to_string(),
        "name: `acme` has two active keys named `backend`; revoke one of them, or choose another name"
    );
    create(&world, spec("other", &[KeyScope::Admin])).await.unwrap();

    let listed = world.service.keys(&app()).await.unwrap();
    let first = listed.into_iter().find(|key| key.digest == old.digest()).unwrap();
    world.service.revoke_key(&app(), &first.id).await.unwrap();
    create(&world, spec("backend", &[KeyScope::Admin])).await.unwrap();
    let refusal = world.service.authorize(&old, KeyScope::Mint).await.unwrap_err();
    assert!(matches!(refusal, ServiceError::Unauthorized));
    assert_eq!(world.service.keys(&app()).await.unwrap().len(), 4, "a revoked key is still listed");
}

#[tokio::test]
async fn a_key_expires_and_leaves_its_place() {
    let world = World::new().await;
    let short = || KeySpec { seconds: Some(60), ..spec("job", &[KeyScope::ReadTokens]) };
    let key = create(&world, short()).await.unwrap();
    create(&world, short()).await.unwrap();

    world.clock.advance_seconds(59);
    world.service.authorize(&key, KeyScope::ReadTokens).await.unwrap();
    world.clock.advance_seconds(1);

    let refusal = world.service.authorize(&key, KeyScope::ReadTokens).await.unwrap_err();
    assert!(matches!(refusal, ServiceError::Unauthorized));
    create(&world, short()).await.unwrap();
}

#[tokio::test]
async fn what_can_not_be_a_key_is_refused() {
    let world = World::new().await;
    let other = "other".parse().unwrap();
    let nothing = KeySpec { scopes: BTreeSet::new(), ..spec("x", &[]) };

    let unknown_app = world.service.create_key(&other, spec("x", &[KeyScope::Mint])).await.unwrap_err();
    let without_scope = create(&world, nothing).await.unwrap_err();
    let without_name = create(&world, spec(" ", &[KeyScope::Mint])).await.unwrap_err();
    let unknown_key = world.service.revoke_key(&app(), "key_x").await.unwrap_err();

    assert!(unknown_app.to_string().starts_with("app: there is no app `other`"));
    for refusal in [without_scope, without_name] {
        assert_eq!(refusal.to_string(), "name: a key has a name and a scope at least");
    }
    assert_eq!(unknown_key.to_string(), "key: `acme` has no key `key_x` that is not revoked");
}
