//! Another master key, while the server goes on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use grantway_core::{GrantId, Secret};
use grantway_store::{Credential, Resealed, SealedPlace, SealedValue};
use grantway_testkit::SeededEntropy;
use grantway_vault::{KeyId, Vault, VaultError};

use super::world::{World, app, user};
use crate::{KeyError, Service, ServiceError};

fn ring(keys: &[&Secret]) -> Secret {
    Secret::new(keys.iter().map(|key| key.expose()).collect::<Vec<_>>().join("\n"))
}

fn vault(keys: &[&Secret]) -> Vault {
    Vault::from_keys(&ring(keys)).unwrap()
}

fn id(key: &Secret) -> KeyId {
    vault(&[key]).newest()
}

fn new_key() -> Secret {
    Vault::new_key(&SeededEntropy::new(99))
}

async fn count(service: &Service, key: &Secret) -> i64 {
    let uses = service.key_uses().await.unwrap();
    uses.iter().find(|used| used.key == id(key)).unwrap().count()
}

impl World {
    async fn grants(&self, number: usize) -> Vec<GrantId> {
        self.service.check_key().await.unwrap();
        let mut grants = Vec::new();
        for number in 0..number {
            let user = user(&format!("u{number}"));
            let change = |request: &mut crate::MintRequest| request.user = Some(user);
            grants.push(self.connect("ada", change).await.grant_id);
        }
        grants
    }

    async fn credentials(&self, grants: &[GrantId]) -> Vec<Credential> {
        let mut all = Vec::new();
        for grant in grants {
            all.push(self.store.credential(*grant).await.unwrap().unwrap());
        }
        all
    }

    /// Time for everything that is of use for minutes only.
    fn wait_out(&self) {
        self.clock.advance_seconds(2 * 3600);
    }
}

/// As the operating page has it, from one key to the other and back, while tokens are refreshed.
async fn rotate_under_load(world: World) {
    let grants = world.grants(12).await;
    let (mut old, mut new) = (world.master_key.clone(), new_key());
    let done = Arc::new(AtomicBool::new(false));
    let refreshing = {
        let (service, clock, grants, done) =
            (world.service.clone(), world.clock.clone(), grants.clone(), done.clone());
        tokio::spawn(async move {
            let mut refreshed = 0;
            while !done.load(Ordering::Relaxed) {
                clock.advance_seconds(3600);
                for grant in &grants {
                    service.token(&app(), *grant, &[]).await.unwrap();
                    refreshed += 1;
                }
            }
            refreshed
        })
    };

    for round in 0..6 {
        world.service.change_keys(&vault(&[&old, &new])).await.unwrap();
        world.service.change_keys(&vault(&[&new, &old])).await.unwrap();
        let command = world.replica_with(&ring(&[&new, &old]), 10 + round).await;
        command.check_key().await.unwrap();
        command.rotate_keys(|_| {}).await.unwrap();
        world.wait_out();
        assert_eq!(count(&command, &old).await, 0);
        world.service.change_keys(&vault(&[&new])).await.unwrap();
        std::mem::swap(&mut old, &mut new);
    }
    done.store(true, Ordering::Relaxed);

    assert!(refreshing.await.unwrap() > 0);
    let last = world.replica_with(&old, 20).await;
    last.check_key().await.unwrap();
    for grant in grants {
        last.token(&app(), grant, &[]).await.unwrap();
    }
    // The client secret opens too.
    world.connect("ada", |request| request.user = Some(user("later"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_tokens_are_refreshed() {
    rotate_under_load(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_tokens_are_refreshed_on_postgres() {
    rotate_under_load(World::on_postgres().await).await;
}

#[tokio::test]
async fn a_rotation_tells_what_it_did_once() {
    let world = World::new().await;
    world.grants(3).await;
    let command = world.replica_with(&ring(&[&new_key(), &world.master_key]), 3).await;
    let mut told = Vec::new();

    command.rotate_keys(|step| told.push((step.place, step.count))).await.unwrap();
    command.rotate_keys(|step| told.push((step.place, step.count))).await.unwrap();

    let secrets = world.store.registrations(&app()).await.unwrap().len() as u64;
    assert_eq!(told, [("client secrets", secrets), ("credentials", 3)]);
    let audit = world.store.audit_of(&app()).await.unwrap();
    let rows: Vec<_> = audit.iter().filter(|row| row.action == "master_key.rotated").collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].subject, id(&new_key()).to_string());
}

#[tokio::test]
async fn a_session_under_way_keeps_its_key_in_use_until_it_is_over() {
    let world = World::new().await;
    world.service.check_key().await.unwrap();
    let browser = world.open(&world.mint(|_| {}).await.unwrap()).await;
    world.depart(&browser).await.unwrap();
    let command = world.replica_with(&ring(&[&new_key(), &world.master_key]), 3).await;
    command.rotate_keys(|_| {}).await.unwrap();

    assert_eq!(count(&command, &world.master_key).await, 1);
    let without = world.replica_with(&new_key(), 4).await;
    let refusal = without.check_key().await.unwrap_err();
    assert!(refusal.to_string().contains("trips to a provider 1"), "{refusal}");
    world.wait_out();

    without.check_key().await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_changes_nothing() {
    let world = World::new().await;
    let grants = world.grants(2).await;
    let before = world.credentials(&grants).await;
    let (old, new) = (&world.master_key, &new_key());

    let wrong = world.replica_with(new, 3).await;
    assert!(matches!(wrong.check_key().await, Err(ServiceError::Vault(VaultError::UnknownKey))));
    for grant in &grants {
        world.clock.advance_seconds(3600);
        assert!(matches!(wrong.token(&app(), *grant, &[]).await, Err(ServiceError::Vault(_))));
    }
    assert!(wrong.rotate_keys(|_| {}).await.is_err());
    let refusal = world.service.change_keys(&vault(&[new])).await;
    assert!(matches!(refusal, Err(ServiceError::Vault(VaultError::UnknownKey))));

    assert_eq!(world.credentials(&grants).await, before);
    assert_eq!(world.service.key_uses().await.unwrap().len(), 1);

    // After a rotation a server that was forgotten still seals with the old key.
    let command = world.replica_with(&ring(&[new, old]), 4).await;
    command.rotate_keys(|_| {}).await.unwrap();
    world.wait_out();
    let refusal = world.service.change_keys(&vault(&[new])).await.unwrap_err();
    assert!(matches!(refusal, ServiceError::Keys(KeyError::StillSeals(key)) if key == id(old)));
    world.service.change_keys(&vault(&[old, new])).await.unwrap();
    world.service.token(&app(), grants[0], &[]).await.unwrap();
    let refusal = world.replica_with(new, 5).await.check_key().await.unwrap_err();
    assert!(
        refusal.to_string().contains(&format!("{} (credentials 1)", id(old))),
        "it says which key, and what for: {refusal}"
    );
    assert!(world.service.token(&app(), grants[1], &[]).await.is_ok(), "nothing was lost");
}

#[tokio::test]
async fn a_value_that_was_moved_is_left_as_it_is_and_stops_no_rotation() {
    let world = World::new().await;
    let grants = world.grants(2).await;
    let [one, other] = world.credentials(&grants).await.try_into().unwrap();
    let row = one.grant.to_string();
    let was = SealedValue { owner: row.clone(), row, sealed: one.sealed };
    let moved = Resealed { was, sealed: other.sealed.clone() };
    assert_eq!(world.store.reseal(SealedPlace::Credential, &[moved]).await.unwrap(), 1);
    let command = world.replica_with(&ring(&[&new_key(), &world.master_key]), 3).await;

    command.rotate_keys(|_| {}).await.unwrap();

    assert_eq!(world.store.credential(grants[0]).await.unwrap().unwrap().sealed, other.sealed);
    assert_eq!(count(&command, &world.master_key).await, 1 + 2, "it, and two trips that are not over");
    command.token(&app(), grants[1], &[]).await.unwrap();
}
