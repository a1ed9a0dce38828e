//! Grantway's use cases in order, one file per step:
//! mint → open → pick → depart → arrive → remember → deliver → use.
//!
//! The one rule: everything a handler or page does is one call in here.

mod api_keys;
mod apply;
mod arrive;
mod audit;
mod complete;
mod deliver;
mod depart;
mod disuse;
mod error;
mod events;
mod grants;
mod identity;
mod keep;
mod keys;
mod mint;
mod notes;
mod once;
mod open;
mod parameters;
mod proxy;
mod refresh;
mod remember;
mod revocations;
#[cfg(test)]
mod tests;
mod token;
mod users;
mod view;
mod webhooks;

use std::{collections::BTreeMap, fmt::Display, sync::Arc};

use grantway_catalog::{Catalog, Provider};
use grantway_core::{
    Clock, Digest, Entropy, ProviderId, RegistrationId, Secret, SessionId,
    app::{App, Registration},
    session::Session,
};
use grantway_engine::{Directory, Endpoints, Http, Relay};
use grantway_store::{Store, StoreError};
use grantway_vault::Vault;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

pub use api_keys::{Caller, KeySpec};
pub use apply::{AppSpec, AppliedRegistration, RegistrationSpec};
pub use arrive::{ArriveRequest, Arrived};
pub use complete::CompleteRequest;
pub use deliver::{Patience, Polled, ResultKey};
pub use depart::{Departing, Departure};
pub use error::{Candidate, ServiceError};
pub use keys::{KeyError, KeyUse, Rotated};
pub use mint::{MintRequest, Minted, SessionStatus};
pub use notes::EVENT_KINDS;
pub use once::{KeptAnswer, Once, Repeatable};
pub use open::{OpenRequest, Opened};
pub use proxy::ProxyCall;
pub use token::{AccessToken, Injection, TokenRequest};
pub use users::Deleted;
pub use view::WayOutOf;
pub use webhooks::{WebhookSpec, check_webhooks, new_webhook_secret};

/// What the use cases stand on.
pub struct Parts {
    /// Memory.
    pub store: Arc<dyn Store>,
    /// Provider facts.
    pub catalog: Catalog,
    /// Seals and opens.
    pub vault: Vault,
    /// The way to providers.
    pub http: Arc<dyn Http>,
    /// The way to their APIs, for calls that are passed on.
    pub relay: Arc<dyn Relay>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where browsers reach this server: scheme, host and port.
    pub base_url: Url,
}

/// The whole product, without a face.
pub struct Service {
    store: Arc<dyn Store>,
    catalog: Catalog,
    vault: Vault,
    http: Arc<dyn Http>,
    relay: Arc<dyn Relay>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    base_url: Url,
    directory: Directory,
    tasks: TaskTracker,
    stopping: CancellationToken,
    refreshing: refresh::GrantLocks,
    rests: refresh::Rests,
    /// Rings when a provider is to be told.
    revocations: Notify,
    renewals: proxy::Renewals,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            directory: Directory::new(Arc::clone(&parts.http), Arc::clone(&parts.clock)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            refreshing: refresh::GrantLocks::default(),
            rests: refresh::Rests::default(),
            revocations: Notify::new(),
            renewals: proxy::Renewals::default(),
            store: parts.store,
            catalog: parts.catalog,
            vault: parts.vault,
            http: parts.http,
            relay: parts.relay,
            clock: parts.clock,
            entropy: parts.entropy,
            base_url: parts.base_url,
        })
    }

    /// Checks the vault's keys against the stored canary, and against whatever is sealed; keeps a canary on a
    /// first start. To be called before anything is written.
    ///
    /// # Errors
    /// When the database was written with another key, or a key is missing that something is sealed with.
    pub async fn check_key(&self) -> Result<(), ServiceError> {
        if self.store.canary().await?.is_none() {
            match self.store.keep_canary(&self.vault.canary(&*self.entropy)).await {
                // Another server, started at the same moment, may have another key.
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.check_ring(&self.vault).await
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<(), ServiceError> {
        Ok(self.store.ping().await?)
    }

    /// Forgets sessions whose results nobody may read any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_sessions(&self) -> Result<u64, ServiceError> {
        Ok(self.store.forget_sessions(self.clock.now()).await?)
    }

    /// Forgets answers that nobody may ask for again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_answers(&self) -> Result<u64, ServiceError> {
        Ok(self.store.forget_once(self.clock.now()).await?)
    }

    /// Ends waiting polls and new deliveries, so that their connections can close. Call it when the last request is in.
    pub fn stop_waiting(&self) {
        self.stopping.cancel();
    }

    async fn draining(&self) {
        self.stopping.cancelled().await;
    }

    /// Waits until no exchange or refresh is under way. Call it after the last request.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Name of the cookie that ties a session to its browser, without the prefix that its origin allows.
    #[must_use]
    pub fn session_cookie(id: &SessionId) -> String {
        id.to_string()
    }

    /// Name of the cookie that ties a flow to its browser, without that prefix.
    #[must_use]
    pub fn flow_cookie(state: &Digest) -> String {
        format!("gwf_{}", state.short_name())
    }

    /// The one redirect URI of a registration.
    #[must_use]
    pub fn redirect_uri(&self, registration: &RegistrationId) -> Url {
        self.at(&format!("/connect/callback/{registration}"))
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(path);
        url
    }

    /// The session, if this browser is the one it belongs to. The same answer for every other id,
    /// existing or not.
    async fn session_of_browser(
        &self,
        id: &SessionId,
        cookie: Option<&Secret>,
    ) -> Result<Session, ServiceError> {
        let session = self.store.session(id).await?;
        let own = |session: &Session| {
            session
                .opening
                .as_ref()
                .zip(cookie)
                .is_some_and(|(opening, cookie)| opening.browser == cookie.digest())
        };
        let session = session.filter(own).ok_or(ServiceError::WrongBrowser)?;
        Ok(session.with_lost_work_noticed(self.clock.now()))
    }

    async fn app_of(&self, session: &Session) -> Result<App, ServiceError> {
        self.store.app(&session.app).await?.ok_or(ServiceError::Inconsistent("a session without its app"))
    }

    fn provider(&self, id: &ProviderId) -> Result<&Provider, ServiceError> {
        self.catalog.get(id).ok_or(ServiceError::Inconsistent("a registration without its provider"))
    }

    fn provider_name(&self, id: &ProviderId) -> String {
        self.catalog.get(id).map_or_else(|| id.to_string(), |provider| provider.name.clone())
    }

    /// A registration, opened.
    async fn registered(&self, id: &RegistrationId) -> Result<Registered<'_>, ServiceError> {
        let registration = self.store.registration(id).await?;
        let registration =
            registration.ok_or(ServiceError::Inconsistent("a flow without its registration"))?;
        let provider = self.provider(&registration.provider)?;
        let open = |sealed: &Option<Vec<u8>>, place: &str| {
            sealed.as_deref().map(|sealed| self.vault.open(sealed, place)).transpose()
        };
        let secret = open(&registration.sealed_secret, &registration_place(id))?;
        let parameters = open(&registration.sealed_parameters, &parameters_place(id))?;
        let parameters = match &parameters {
            Some(text) => serde_json::from_str(text.expose())
                .map_err(|_| ServiceError::Inconsistent("a registration's parameters"))?,
            None => BTreeMap::new(),
        };
        Ok(Registered { registration, provider, secret, parameters })
    }

    /// That registration's client, for a connection with these parameters.
    async fn client(
        &self,
        id: &RegistrationId,
        parameters: &BTreeMap<String, String>,
    ) -> Result<ClientParts<'_>, ServiceError> {
        let registered = self.registered(id).await?;
        self.client_of(registered, parameters).await
    }

    async fn client_of<'s>(
        &'s self,
        registered: Registered<'s>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<ClientParts<'s>, ServiceError> {
        let parameters = registered.with_defaults(parameters);
        let endpoints = self.directory.endpoints(registered.provider, &parameters).await?;
        let redirect_uri = self.redirect_uri(&registered.registration.id).to_string();
        Ok(ClientParts { registered, endpoints, redirect_uri, parameters, entropy: &*self.entropy })
    }
}

/// What a registration's secret is sealed for.
fn registration_place(id: &impl Display) -> String {
    format!("registration/{id}")
}

/// What the operator's connection parameters are sealed for.
fn parameters_place(id: &impl Display) -> String {
    format!("registration/{id}/parameters")
}

/// What a grant's tokens are sealed for.
fn grant_place(id: impl Display) -> String {
    format!("grant/{id}")
}

/// A registration with its secrets open.
struct Registered<'a> {
    registration: Registration,
    provider: &'a Provider,
    secret: Option<Secret>,
    /// What the operator set.
    parameters: BTreeMap<String, String>,
}

impl Registered<'_> {
    /// The operator's word first, then the connection's, then what is usual.
    fn with_defaults(&self, connection: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let usual = self.provider.parameters.iter();
        let mut all: BTreeMap<_, _> = usual
            .filter_map(|parameter| Some((parameter.name.clone(), parameter.default.clone()?)))
            .collect();
        all.extend(connection.clone());
        all.extend(self.parameters.clone());
        all
    }
}

/// A registration with everything that the engine's client borrows.
struct ClientParts<'a> {
    registered: Registered<'a>,
    endpoints: Endpoints,
    redirect_uri: String,
    parameters: BTreeMap<String, String>,
    entropy: &'a dyn Entropy,
}

impl ClientParts<'_> {
    fn client(&self) -> grantway_engine::Client<'_> {
        grantway_engine::Client {
            provider: self.registered.provider,
            endpoints: &self.endpoints,
            client_id: &self.registered.registration.client_id,
            client_secret: self.registered.secret.as_ref(),
            redirect_uri: &self.redirect_uri,
            parameters: &self.parameters,
            entropy: self.entropy,
        }
    }
}
