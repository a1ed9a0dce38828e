//! Steps of several pages each.

use std::sync::Arc;

use grantway_core::{
    GrantId,
    grant::Connection,
    message::{ResultMessage, Told},
    view::Shown,
};
use grantway_testkit::{Answer, Person, TokenBehaviour};

use super::world::{Browser, World};
use crate::{MintRequest, Service};

impl World {
    pub(super) async fn open_again(&self, grant: GrantId, change: impl FnOnce(&mut MintRequest)) -> Browser {
        let minted = self.mint(|r| {
            r.grant_id = Some(grant);
            change(r);
        });
        self.open(&minted.await.unwrap()).await
    }

    pub(super) async fn come_back(&self, browser: &Browser, account: &str) {
        let away = self.depart(browser).await.unwrap();
        let callback = Person::allow(&self.provider, &away.url, account).await;
        self.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    }

    /// The same, with only these scopes allowed.
    pub(super) async fn come_back_with(&self, browser: &Browser, provider: &str, scopes: &[&str]) {
        let away = self.depart_to(browser, provider).await.unwrap();
        let some = Answer::AllowSome { account: "ada", scopes, behaviour: TokenBehaviour::Normal };
        let callback = Person::answer(&self.provider, &away.url, some).await.unwrap();
        self.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    }

    /// Every provider is told all that it is to be told by now, once.
    pub(super) async fn tell_providers(service: &Arc<Service>) {
        for registration in service.store.registrations_to_tell(service.clock.now()).await.unwrap() {
            service.tell_provider(&registration).await.unwrap();
        }
    }

    pub(super) async fn leave(&self, browser: &Browser) {
        self.service.leave(&browser.session, browser.cookie.as_ref()).await.unwrap();
    }

    /// What the app hears.
    pub(super) async fn heard(&self, browser: &Browser) -> ResultMessage {
        let Shown::Tell { message, .. } = self.shown(browser).await else { panic!("not told") };
        *message
    }

    /// What the app hears: the connection that was made.
    pub(super) async fn told(&self, browser: &Browser) -> Connection {
        let Told::Success { connection, .. } = self.heard(browser).await.result.outcome else {
            panic!("no success")
        };
        *connection
    }
}
