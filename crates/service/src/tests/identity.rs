//! Who the app's user is, by a token of the app's own identity provider.

use grantway_core::{Code, Secret, grant::User};
use serde_json::{Value, json};

use super::world::{World, app, app_spec};
use crate::{AppSpec, MintRequest, ServiceError};

impl World {
    pub(super) fn token(&self, more: Value) -> Secret {
        let mut claims =
            json!({"sub": "u1", "aud": "acme", "exp": self.service.clock.now().unix_seconds() + 60});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        Secret::new(self.issuer.sign(claims).unwrap())
    }

    /// For whom a session is minted with this token, and with this `user` beside it.
    async fn minted_for(&self, token: Secret, beside: Option<User>) -> Result<User, ServiceError> {
        let change = |r: &mut MintRequest| (r.user, r.user_token) = (beside, Some(token));
        let minted = self.mint(change).await?;
        Ok(self.service.session_status(&app(), &minted.session_id).await?.user)
    }
}

#[tokio::test]
async fn a_session_is_minted_for_whom_the_token_names() {
    let world = World::new().await;

    let user = world.minted_for(world.token(json!({"name": "Alice"})), None).await.unwrap();

    assert_eq!(user, User { name: Some("Alice".to_owned()), ..User::by_id("u1".to_owned()) });
}

#[tokio::test]
async fn a_user_beside_the_token_must_be_the_same() {
    let world = World::new().await;
    let told = |id: &str| Some(User { email: Some("a@acme.test".to_owned()), ..User::by_id(id.to_owned()) });

    let same = world.minted_for(world.token(json!({})), told("u1")).await.unwrap();
    let other = world.minted_for(world.token(json!({})), told("u2")).await.unwrap_err();

    assert_eq!(same.email.as_deref(), Some("a@acme.test"));
    assert_eq!(
        (other.code(), other.to_string().as_str()),
        (Code::UserMismatch, "the user token is another user's than `user.id`")
    );
}

#[tokio::test]
async fn a_token_that_is_not_believed_mints_nothing_and_is_not_repeated() {
    let world = World::new().await;

    let late = world.minted_for(world.token(json!({"exp": 1})), None).await.unwrap_err();
    let long = world.minted_for(world.token(json!({"sub": "u".repeat(501)})), None).await.unwrap_err();

    assert_eq!(
        (late.code(), late.to_string().as_str()),
        (Code::InvalidUserToken, "the user token is not valid: it has expired")
    );
    assert_eq!(long.code(), Code::InvalidField);
    assert_eq!(world.audit("session.minted").await, 0);
}

#[tokio::test]
async fn a_sign_in_that_can_not_be_asked_is_told_apart_from_a_wrong_token() {
    let world = World::new().await;
    world.traffic.cut("/keys");

    let refusal = world.minted_for(world.token(json!({})), None).await.unwrap_err();

    assert_eq!(refusal.code(), Code::IdentityUnavailable);
}

#[tokio::test]
async fn an_app_without_an_identity_provider_is_told_to_declare_one() {
    let world = World::new().await;
    world.service.apply(vec![AppSpec { identity: None, ..app_spec() }]).await.unwrap();

    let refusal = world.minted_for(world.token(json!({})), None).await.unwrap_err();

    assert!(matches!(&refusal, ServiceError::Field { field, .. } if field == "user_token"), "{refusal}");
    assert!(refusal.to_string().contains("[apps.acme.identity]"));
}

#[tokio::test]
async fn an_identity_provider_that_can_not_be_safe_is_not_applied() {
    let world = World::new().await;
    let mut spec = app_spec();
    spec.identity.as_mut().unwrap().algorithms = vec!["HS256".to_owned()];

    let refusal = world.service.apply(vec![spec]).await.unwrap_err();

    assert!(
        matches!(&refusal, ServiceError::Field { field, .. } if field == "apps.acme.identity.algorithms"),
        "{refusal}"
    );
}
