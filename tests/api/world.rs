//! A server without sockets: the real router, a real database, the strict provider, a told clock.

mod declared;

use std::{path::Path, sync::Arc};

use axum::{Router, body::Body};
use grantway::server::{
    limits::{LimitSettings, Limits},
    router::router,
    state::AppState,
};
use grantway_core::{KeyScope, Secret, Timestamp};
use grantway_engine::{Http, Relay};
use grantway_service::{Parts, Service};
use grantway_store::{PostgresStore, SqliteStore, Store};
use grantway_testkit::{
    FakeClient, FakeProvider, FakeProviderConfig, Issuer, Person, RouterHttp, SeededEntropy, ToldClock,
    postgres,
};
use grantway_vault::Vault;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tower::ServiceExt;
use url::Url;

pub(crate) use self::declared::{app_spec, key_spec};
use self::declared::{catalog, sign_in};

pub(crate) const APP: &str = "https://app.test";
pub(crate) const CONNECT: &str = "https://connect.test";

/// What replicas share.
#[derive(Clone)]
pub(crate) enum Database {
    /// SQLite, in the world's own folder.
    File,
    Postgres(Secret),
}

impl Database {
    /// A new one on the server of this process.
    pub(crate) fn postgres() -> Self {
        Self::Postgres(Secret::new(postgres::database().unwrap()))
    }

    async fn open(&self, folder: &Path) -> Arc<dyn Store> {
        match self {
            Self::File => Arc::new(SqliteStore::open(&folder.join("test.db")).await.unwrap()),
            Self::Postgres(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }
}

pub(crate) struct World {
    pub router: Router,
    pub service: Arc<Service>,
    pub provider: FakeProvider,
    pub clock: Arc<ToldClock>,
    pub key: Secret,
    /// Of the app's own users.
    pub issuer: Issuer,
    pub store: Arc<dyn Store>,
    folder: tempfile::TempDir,
    database: Database,
    parts: Box<dyn Fn(Arc<dyn Store>) -> Parts + Send + Sync>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `name=value` of each cookie that is set.
    pub(crate) fn cookies(&self) -> String {
        let pairs = self
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|set| set.to_str().unwrap().split(';').next().unwrap());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// Where the provider is, and how it is reached.
pub(crate) struct Setup<'a> {
    pub provider: FakeProvider,
    pub http: Arc<dyn Http>,
    pub relay: Arc<dyn Relay>,
    /// More of the provider's description, as TOML.
    pub description: &'a str,
    pub clock: Arc<ToldClock>,
    pub entropy: Arc<SeededEntropy>,
    pub limits: LimitSettings,
    pub database: Database,
}

impl Setup<'_> {
    /// A provider that lives at `site`, reached without sockets.
    pub(crate) fn at(site: &Url) -> Self {
        let clock = Arc::new(ToldClock::at(Timestamp(1_790_000_000_000)));
        let entropy = Arc::new(SeededEntropy::new(1));
        let client = FakeClient {
            client_id: "acme".to_owned(),
            client_secret: "CANARY-secret".to_owned(),
            redirect_uris: vec![format!("{CONNECT}/connect/callback/acme.files")],
        };
        let config = FakeProviderConfig { public_url: site.clone(), clients: vec![client] };
        let provider = FakeProvider::new(config, clock.clone(), entropy.clone());
        let network = RouterHttp::new().serving(site, provider.router());
        let network = Arc::new(network.serving(&sign_in(), declared::issuer().router()));
        Self {
            provider,
            http: network.clone(),
            relay: network,
            description: "",
            clock,
            entropy,
            limits: LimitSettings::default(),
            database: Database::File,
        }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::at(&"https://files.test".parse().unwrap())).await
    }

    pub(crate) async fn with_limits(limits: LimitSettings) -> Self {
        Self::with(Setup { limits, ..Setup::at(&"https://files.test".parse().unwrap()) }).await
    }

    pub(crate) async fn with(setup: Setup<'_>) -> Self {
        let Setup { provider, http, relay, description, clock, entropy, limits, database } = setup;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("connect.js"), "/* the widget */").unwrap();
        let store = database.open(folder.path()).await;
        let (issuer, description) = (provider.issuer().to_owned(), description.to_owned());
        let (master_key, time) = (Vault::new_key(&*entropy), clock.clone());
        let parts = move |store: Arc<dyn Store>| Parts {
            store,
            catalog: catalog(&issuer, &description),
            vault: Vault::from_keys(&master_key).unwrap(),
            http: http.clone(),
            relay: relay.clone(),
            clock: time.clone(),
            entropy: entropy.clone(),
            base_url: CONNECT.parse().unwrap(),
        };
        let service = Service::new(parts(store.clone()));
        service.apply(vec![app_spec()]).await.unwrap();
        let key =
            service.create_key(&"acme".parse().unwrap(), key_spec("test", &[KeyScope::Admin])).await.unwrap();
        let state = AppState {
            service: service.clone(),
            limits: Limits::new(&limits, Vec::new()),
            origin: CONNECT.parse().unwrap(),
            site_root: folder.path().to_owned(),
            refreshes_unused: false,
        };
        let parts = Box::new(parts);
        Self {
            router: router(state),
            service,
            provider,
            clock,
            key,
            issuer: declared::issuer(),
            store,
            folder,
            database,
            parts,
        }
    }

    /// Another process on the same database.
    pub(crate) async fn replica(&self) -> Arc<Service> {
        Service::new((self.parts)(self.database.open(self.folder.path()).await))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// As the app's backend.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.api_by(&self.key, method, path, body).await
    }

    /// As the app's backend, by a key of its own.
    pub(crate) async fn api_by(&self, key: &Secret, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", key.expose()));
        let request = match body {
            Some(body) => {
                request.header("content-type", "application/json").body(Body::from(body.to_string()))
            }
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// The same, on behalf of whom the token names.
    pub(crate) async fn api_for(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key.expose()))
            .header("grantway-user-token", token)
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// What the app's sign-in says of a user, for ten minutes.
    pub(crate) fn user_token(&self, user: &str) -> String {
        let now = grantway_core::Clock::now(&*self.clock).unix_seconds();
        self.issuer.sign(serde_json::json!({"sub": user, "aud": "acme", "exp": now + 600})).unwrap()
    }

    pub(crate) async fn mint(&self, body: Value) -> Value {
        let mut request = serde_json::json!({"user": {"id": "u1", "email": "alice@acme.test"}});
        for (field, value) in body.as_object().unwrap() {
            request[field] = value.clone();
        }
        let answer = self.api("POST", "/v1/connect/sessions", Some(request)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Connects u1's account, and tells the grant.
    pub(crate) async fn grant(&self) -> String {
        let minted = self.mint(serde_json::json!({"allowed_providers": ["files"]})).await;
        self.connect(&minted, &[]).await;
        // The callback's answer may come before the exchange has ended.
        loop {
            let list = self.api("GET", "/v1/grants?user_id=u1", None).await.json();
            if let Some(id) = list["data"][0]["grant_id"].as_str() {
                return id.to_owned();
            }
            tokio::task::yield_now().await;
        }
    }

    /// As a browser that posts a form.
    pub(crate) async fn post(
        &self,
        path: &str,
        origin: Option<&str>,
        cookies: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("cookie", cookies);
        if let Some(origin) = origin {
            let site = if origin == CONNECT { "same-origin" } else { "cross-site" };
            request = request.header("origin", origin).header("sec-fetch-site", site);
        }
        self.send(request.body(Body::from(serde_urlencoded::to_string(form).unwrap())).unwrap()).await
    }

    /// As a browser that follows a link.
    pub(crate) async fn get(&self, path: &str, cookies: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html").header("cookie", cookies);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Opens a session from the app's page. Its id and the browser's cookies.
    pub(crate) async fn open(&self, minted: &Value, more: &[(&str, &str)]) -> (String, String) {
        let mut form = vec![("session", minted["session_token"].as_str().unwrap())];
        form.extend(more);
        let answer = self.post("/connect", Some(APP), "", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        (minted["session_id"].as_str().unwrap().to_owned(), answer.cookies())
    }

    /// Leaves for the provider. Its address, and the browser's cookies.
    pub(crate) async fn depart(&self, id: &str, cookies: &str) -> (Url, String) {
        let answer = self
            .post(&format!("/connect/{id}/depart"), Some(CONNECT), cookies, &[("provider", "files")])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let start = answer.text.find("0;url=").unwrap() + 6;
        let url = answer.text[start..].split('"').next().unwrap().replace("&amp;", "&");
        (url.parse().unwrap(), format!("{cookies}; {}", answer.cookies()))
    }

    /// The straight path to the callback's answer. The session's id, the browser's cookies.
    pub(crate) async fn connect(&self, minted: &Value, more: &[(&str, &str)]) -> (String, String) {
        let (id, cookies) = self.open(minted, more).await;
        let (url, cookies) = self.depart(&id, &cookies).await;
        let callback = Person::allow(&self.provider, &url, "ada").await;
        let path = format!("{}?{}", callback.path(), callback.query().unwrap());
        let answer = self.get(&path, &cookies).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (302, Some(format!("/connect/{id}").as_str()))
        );
        (id, cookies)
    }

    /// The same, on to the return URL. The code there.
    pub(crate) async fn come_back(&self, minted: &Value) -> String {
        let (id, cookies) = self.connect(minted, &[]).await;
        loop {
            // The callback's answer may come before the exchange has ended.
            let page = self.get(&format!("/connect/{id}"), &cookies).await.text;
            if let Some((_, rest)) = page.split_once("grantway=") {
                return rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
            }
            tokio::task::yield_now().await;
        }
    }
}
