//! A strict OAuth 2.0 authorization server with two accounts, named "Fake Files". Tests call it in
//! process; `grantway demo` serves it.
//!
//! It refuses what RFC 6749, 7636, 7009 and 9700 let it refuse. Every secret that it issues starts
//! with `CANARY-`, so that a search through logs and databases finds a leak.

mod authorize;
mod books;
mod client;
mod decide;
mod error;
mod ledger;
mod page;
mod params;
mod resource;
mod switchboard;
mod switches;
mod token;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    routing::{get, post},
};
use grantway_core::{Clock, Entropy};
use url::Url;

use books::Books;
pub use error::OAuthError;
pub use ledger::{GrantType, Ledger, TokenOutcome, TokenRequest};
pub use switches::{Switches, TokenBehaviour};

/// Someone who can sign in at the provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// What `/userinfo` tells as `id` and `login`.
    pub id: &'static str,
    /// The person's name.
    pub name: &'static str,
    /// The person's address.
    pub email: &'static str,
}

/// Everyone who can sign in. The page ticks the first.
pub const ACCOUNTS: [Account; 2] = [
    Account { id: "ada", name: "Ada Lovelace", email: "ada@example.com" },
    Account { id: "grace", name: "Grace Hopper", email: "grace@example.com" },
];

/// By id or e-mail address.
fn find_account(text: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.id == text || account.email == text)
}

/// A confidential client, registered with the provider.
#[derive(Clone)]
pub struct FakeClient {
    /// Also the name that the page shows.
    pub client_id: String,
    /// Sent in the form or by HTTP Basic.
    pub client_secret: String,
    /// Compared byte by byte.
    pub redirect_uris: Vec<String>,
}

/// Where the provider lives and whom it knows.
#[derive(Clone)]
pub struct FakeProviderConfig {
    /// An origin: all routes lie at its root, and without a trailing slash it is the issuer.
    pub public_url: Url,
    /// The registered clients.
    pub clients: Vec<FakeClient>,
}

/// The provider. Clones share one state.
#[derive(Clone)]
pub struct FakeProvider {
    config: Arc<FakeProviderConfig>,
    books: Arc<Mutex<Books>>,
}

impl FakeProvider {
    /// A provider that has issued nothing yet.
    #[must_use]
    pub fn new(config: FakeProviderConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let books = Books::new(clock, entropy);
        Self { config: Arc::new(config), books: Arc::new(Mutex::new(books)) }
    }

    /// All routes, to be served at the root of `public_url`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/authorize", get(authorize::show))
            .route("/authorize/decide", post(decide::decide))
            .route("/token", post(token::answer))
            .route("/userinfo", get(resource::userinfo))
            .route("/revoke", post(resource::revoke))
            .route("/", get(switchboard::home))
            .route("/switches", get(switchboard::show).post(switchboard::save))
            .route("/switches/revoke", post(switchboard::revoke_all))
            .route("/ledger", get(ledger::show))
            .route("/style.css", get(page::style))
            .route("/icon.svg", get(page::icon))
            .with_state(self.clone())
    }

    /// The value of `iss` (RFC 9207): `public_url` without a trailing slash.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.config.public_url.as_str().trim_end_matches('/')
    }

    /// The address of a route, such as `/token`.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Url {
        let mut url = self.config.public_url.clone();
        url.set_path(path);
        url
    }

    /// How it behaves at the moment.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.books().switches.clone()
    }

    /// Changes how it behaves, from the next request on.
    pub fn set_switches(&self, switches: Switches) {
        self.books().switches = switches;
    }

    /// Ends every token, as a person does who removes the app in the account's settings.
    pub fn revoke_all(&self) {
        self.books().revoke_all();
    }

    /// Ends every access token before its time, and leaves what renews them.
    pub fn end_access_tokens(&self) {
        self.books().end_access_tokens();
    }

    /// What it has been asked and what it has issued, up to now.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.books().ledger()
    }

    fn client(&self, client_id: &str) -> Option<&FakeClient> {
        self.config.clients.iter().find(|client| client.client_id == client_id)
    }

    /// A poisoned lock is taken all the same: a failed test must not fail its neighbours.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
