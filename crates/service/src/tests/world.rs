//! One app, one provider, one database, and the steps of a browser.

use std::{collections::BTreeMap, sync::Arc};

use grantway_catalog::Catalog;
use grantway_core::{
    AppId, Digest, GrantId, Secret, SessionId, Timestamp,
    app::Identity,
    device::Mode,
    grant::{Connection, User},
    message::Told,
    view::{Shown, View},
};
use grantway_store::{Event, EventFilter, PostgresStore, SqliteStore, Store};
use grantway_testkit::{
    FakeClient, FakeProvider, FakeProviderConfig, Issuer, Person, RouterHttp, SeededEntropy, ToldClock,
    Traffic, postgres,
};
use grantway_vault::Vault;
use url::Url;

use crate::{
    AppSpec, ArriveRequest, Departing, MintRequest, Minted, OpenRequest, Parts, RegistrationSpec, Service,
    ServiceError,
};

pub(super) const APP: &str = "https://app.test";

pub(super) struct World {
    pub(super) service: Arc<Service>,
    pub(super) provider: FakeProvider,
    pub(super) clock: Arc<ToldClock>,
    pub(super) store: Arc<dyn Store>,
    /// On the way to providers.
    pub(super) traffic: Traffic,
    /// Of the app's own users.
    pub(super) issuer: Issuer,
    http: RouterHttp,
    pub(super) master_key: Secret,
    database: Database,
}

/// What replicas share.
enum Database {
    File(tempfile::TempDir),
    Postgres(Secret),
}

impl Database {
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::File(folder) => Arc::new(SqliteStore::open(&folder.path().join("test.db")).await.unwrap()),
            Self::Postgres(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }
}

/// A browser that opened a session: its cookies, and where it is.
pub(super) struct Browser {
    pub(super) session: SessionId,
    pub(super) cookie: Option<Secret>,
    pub(super) poll: Secret,
}

/// A browser at the provider.
pub(super) struct Away {
    pub(super) url: Url,
    pub(super) flow_cookie: Secret,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::on(Database::File(tempfile::tempdir().unwrap())).await
    }

    pub(super) async fn on_postgres() -> Self {
        Self::on(Database::Postgres(Secret::new(postgres::database().unwrap()))).await
    }

    async fn on(database: Database) -> Self {
        let clock = Arc::new(ToldClock::at(Timestamp(1_790_000_000_000)));
        let entropy = Arc::new(SeededEntropy::new(1));
        let site: Url = "https://files.test".parse().unwrap();
        let client = FakeClient {
            client_id: "acme".to_owned(),
            client_secret: "CANARY-secret".to_owned(),
            redirect_uris: ["fading", "files", "mute", "nobody", "shops"]
                .map(|id| format!("https://connect.test/connect/callback/acme.{id}"))
                .into(),
        };
        let config = FakeProviderConfig { public_url: site.clone(), clients: vec![client] };
        let provider = FakeProvider::new(config, clock.clone(), entropy.clone());
        let store = database.open().await;
        let master_key = Vault::new_key(&*entropy);
        let traffic = Traffic::default();
        let id: Url = "https://id.test".parse().unwrap();
        let issuer = Issuer::at(&id);
        let http = RouterHttp::new()
            .serving(&site, provider.router())
            // A second tenant, which knows the same accounts by the same ids.
            .serving(&"https://others.test".parse().unwrap(), provider.router())
            .serving(&id, issuer.router())
            .through(&traffic);
        let service = service(&store, &master_key, http.clone(), &clock, entropy);
        service.apply(vec![app_spec()]).await.unwrap();
        Self { service, provider, clock, store, traffic, issuer, http, master_key, database }
    }

    /// Another process on the same database.
    pub(super) async fn replica(&self) -> Arc<Service> {
        self.replica_with(&self.master_key, 2).await
    }

    /// One with keys and chances of its own.
    pub(super) async fn replica_with(&self, keys: &Secret, seed: u64) -> Arc<Service> {
        let store = self.database.open().await;
        service(&store, keys, self.http.clone(), &self.clock, Arc::new(SeededEntropy::new(seed)))
    }

    pub(super) async fn mint(&self, change: impl FnOnce(&mut MintRequest)) -> Result<Minted, ServiceError> {
        let allowed_providers = Some(vec!["files".to_owned()]);
        let mut request = MintRequest { user: Some(user("u1")), allowed_providers, ..MintRequest::default() };
        change(&mut request);
        self.service.mint(&app(), request).await
    }

    pub(super) async fn open(&self, minted: &Minted) -> Browser {
        let poll = poll_of(minted);
        let request = OpenRequest { poll: Some(poll.clone()), ..open_request(minted, Some(APP)) };
        let opened = self.service.open(request).await.unwrap();
        Browser { session: opened.session_id, cookie: opened.cookie, poll }
    }

    pub(super) async fn depart(&self, browser: &Browser) -> Result<Away, ServiceError> {
        self.depart_to(browser, "files").await
    }

    pub(super) async fn depart_to(&self, browser: &Browser, provider: &str) -> Result<Away, ServiceError> {
        let provider = provider.parse().unwrap();
        match self
            .service
            .depart(&browser.session, browser.cookie.as_ref(), &provider, &BTreeMap::new())
            .await?
        {
            Departing::Leaves(departure) => Ok(Away { url: departure.url, flow_cookie: departure.cookie }),
            Departing::Asks(view) => panic!("asked: {view:?}"),
        }
    }

    pub(super) async fn arrive(
        &self,
        callback: &Url,
        cookie: Option<Secret>,
    ) -> Result<SessionId, ServiceError> {
        let registration = callback.path_segments().unwrap().next_back().unwrap().parse().unwrap();
        let request = ArriveRequest { registration, pairs: pairs(callback), cookie };
        let arrived = self.service.arrive(request).await?;
        arrived.work.await.unwrap();
        Ok(arrived.session_id)
    }

    /// The straight path, to its end.
    pub(super) async fn connect(&self, account: &str, change: impl FnOnce(&mut MintRequest)) -> Connection {
        let browser = self.open(&self.mint(change).await.unwrap()).await;
        let away = self.depart(&browser).await.unwrap();
        let callback = Person::allow(&self.provider, &away.url, account).await;
        self.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
        let minted = self.store.session(&browser.session).await.unwrap().unwrap();
        match minted.result(self.service.clock.now()).outcome {
            Told::Success { connection, .. } => *connection,
            other => panic!("not connected: {other:?}"),
        }
    }

    /// The same, at another provider than the usual one.
    pub(super) async fn connect_at(&self, provider: &str, account: &str) -> GrantId {
        let allowed = Some(vec![provider.to_owned()]);
        let browser = self.open(&self.mint(|r| r.allowed_providers = allowed).await.unwrap()).await;
        let away = self.depart_to(&browser, provider).await.unwrap();
        let callback = Person::allow(&self.provider, &away.url, account).await;
        self.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
        self.store.session(&browser.session).await.unwrap().unwrap().connections[0].grant_id
    }

    pub(super) async fn view(&self, browser: &Browser) -> View {
        self.service.view(&browser.session, browser.cookie.as_ref()).await.unwrap()
    }

    pub(super) async fn shown(&self, browser: &Browser) -> Shown {
        self.view(browser).await.shown
    }

    /// Everything in the database's files.
    pub(super) fn bytes_on_disk(&self) -> Vec<u8> {
        let Database::File(folder) = &self.database else { panic!("no file") };
        let files = std::fs::read_dir(folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let all = EventFilter { after: 0, kind: None, limit: 100 };
        let events = self.service.events(&app(), &all).await.unwrap();
        events.into_iter().map(|placed| placed.event).collect()
    }

    pub(super) async fn event_kinds(&self) -> Vec<String> {
        self.events().await.into_iter().map(|event| event.kind).collect()
    }

    /// How often the provider's token endpoint was asked.
    pub(super) fn token_requests(&self) -> usize {
        self.provider.ledger().token_requests.len()
    }
}

fn service(
    store: &Arc<dyn Store>,
    master_key: &Secret,
    http: RouterHttp,
    clock: &Arc<ToldClock>,
    entropy: Arc<SeededEntropy>,
) -> Arc<Service> {
    let network = Arc::new(http);
    Service::new(Parts {
        store: store.clone(),
        catalog: catalog(),
        vault: Vault::from_keys(master_key).unwrap(),
        http: network.clone(),
        relay: network,
        clock: clock.clone(),
        entropy,
        base_url: "https://connect.test".parse().unwrap(),
    })
}

pub(super) fn app() -> AppId {
    "acme".parse().unwrap()
}

pub(super) fn user(id: &str) -> User {
    User { id: id.to_owned(), email: Some("alice@acme.test".to_owned()), name: None }
}

/// What this session's page made up to read the result: as long as it must be, and its own.
pub(super) fn poll_of(minted: &Minted) -> Secret {
    Secret::new(minted.session_id.to_string())
}

pub(super) fn open_request(minted: &Minted, origin: Option<&str>) -> OpenRequest {
    OpenRequest {
        token: minted.session_token.clone(),
        origin: origin.map(str::to_owned),
        mode: Mode::Popup,
        poll: None,
        return_to: None,
    }
}

pub(super) fn pairs(callback: &Url) -> Vec<(String, String)> {
    callback.query_pairs().into_owned().collect()
}

pub(super) fn state_of(callback: &Url) -> Digest {
    Digest::of(&pairs(callback).into_iter().find(|(name, _)| name == "state").unwrap().1)
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let text = "name = 'Files'\nauthorize_url = 'https://files.test/authorize'\ntoken_url = 'https://files.test/token'\n\
         revoke = 'https://files.test/revoke'\nscopes = ['profile', 'files.read']\nincremental_params = { include_granted_scopes = 'true' }\nuserinfo = { url = 'https://files.test/userinfo' }\n\
         account = { id = '/id', email = '/email', name = '/name' }";
    catalog.declare("files".parse().unwrap(), toml::from_str(text).unwrap()).unwrap();
    // No revocation, and a session that ends with the access token.
    let session = "lookup = { url = 'https://files.test/userinfo', each_refresh = true, extra = { session = '/login' } }";
    let mute = text.replace("revoke = 'https://files.test/revoke'", session);
    catalog.declare("mute".parse().unwrap(), toml::from_str(&mute).unwrap()).unwrap();
    let nobody = text.replace("id = '/id', email = '/email', name = '/name'", "source = 'nothing'");
    catalog.declare("nobody".parse().unwrap(), toml::from_str(&nobody).unwrap()).unwrap();
    let fading = format!("{text}\nrefresh = {{ rotates = 'yes', lifetime = 2592000, grace = 600 }}");
    catalog.declare("fading".parse().unwrap(), toml::from_str(&fading).unwrap()).unwrap();
    let common = "scopes = ['profile']\nuserinfo = { url = 'https://files.test/userinfo' }\naccount = { id = '/id' }\n[[parameter]]\n";
    let shops = format!(
        "name = 'Shops'\nauthorize_url = 'https://{{shop}}.test/authorize'\ntoken_url = 'https://{{shop}}.test/token'\n{common}\
         name = 'shop'\nlabel = 'Shop'\npattern = 'acme|elsewhere|files|others'\nexample = 'acme'\n\
         from_callback = {{ param = 'shop_host', pattern = '([a-z]+)\\.test' }}"
    );
    let free = format!(
        "name = 'Free'\nauthorize_url = 'https://{{host}}/authorize'\ntoken_url = 'https://{{host}}/token'\n{common}\
         name = 'host'\nlabel = 'Host'\npattern = '[a-z.]+'\nexample = 'git.acme.test'\nasked_of = 'app'\nfree_host = true"
    );
    for (id, text) in [("shops", shops), ("free", free)] {
        catalog.declare(id.parse().unwrap(), toml::from_str(&text).unwrap()).unwrap();
    }
    let lost = toml::from_str("name = 'Lost'\nissuer = 'https://lost.test'").unwrap();
    catalog.declare("lost".parse().unwrap(), lost).unwrap();
    catalog
}

pub(super) fn app_spec() -> AppSpec {
    AppSpec {
        id: app(),
        name: "Acme".to_owned(),
        website_url: Some(APP.parse().unwrap()),
        return_origins: vec!["https://other.test".parse().unwrap()],
        identity: Some(Identity {
            issuer: "https://id.test".to_owned(),
            audience: "acme".to_owned(),
            jwks_uri: None,
            algorithms: vec!["ES256".to_owned()],
            user_claim: "sub".to_owned(),
        }),
        registrations: ["fading", "files", "lost", "mute", "nobody", "shops"].map(registration).into(),
        webhooks: Vec::new(),
    }
}

pub(super) fn registration(provider: &str) -> RegistrationSpec {
    RegistrationSpec {
        provider: provider.parse().unwrap(),
        client_id: "acme".to_owned(),
        client_secret: Some(Secret::new("CANARY-secret".to_owned())),
        parameters: BTreeMap::new(),
        scopes: Vec::new(),
        allowed_scopes: vec!["files.write".to_owned()],
    }
}
