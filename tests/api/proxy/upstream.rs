//! The stage: the provider with an API beside its OAuth endpoints, a host that must hear nothing, and our
//! server, each on a socket of its own.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{any, get},
};
use bytes::Bytes;
use grantway::server::{
    adapters::{ReqwestHttp, ReqwestRelay},
    egress::Egress,
};
use grantway_engine::{BrokenOff, Relay, relay};
use grantway_store::AuditEntry;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::world::{Answer, Database, Setup, World};

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) grant: String,
    pub(crate) ours: SocketAddr,
    site: Url,
    evil: SocketAddr,
    hits: Arc<AtomicUsize>,
}

/// A call, before it is made.
pub(super) struct Wish {
    request: http::request::Builder,
    body: relay::Body,
}

impl Wish {
    /// `path` is what follows `/proxy/`.
    pub(super) fn new(method: &str, path: &str) -> Self {
        let request = http::Request::builder().method(method).uri(format!("/{path}")).header("accept", "*/*");
        Self { request, body: whole("") }
    }

    pub(super) fn with(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(super) fn body(self, text: &'static str) -> Self {
        Self { body: whole(text), ..self }
    }

    pub(super) fn stream(self, body: relay::Body) -> Self {
        Self { body, ..self }
    }
}

/// The providers of these tests are on this machine.
pub(super) fn loopback() -> Egress {
    Egress::with(vec!["127.0.0.0/8".parse().unwrap()])
}

fn whole(text: &'static str) -> relay::Body {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|_| BrokenOff).boxed_unsync()
}

impl Stage {
    /// `description` is more of the provider's, with its origin as `{site}`.
    pub(crate) async fn new(description: &str) -> Self {
        Self::on(Database::File, description).await
    }

    pub(crate) async fn on(database: Database, description: &str) -> Self {
        let (at_provider, at_evil, at_ours) = (bind().await, bind().await, bind().await);
        let site: Url = format!("http://{}", at_provider.local_addr().unwrap()).parse().unwrap();
        let (evil, ours) = (at_evil.local_addr().unwrap(), at_ours.local_addr().unwrap());
        let description = description.replace("{site}", site.as_str().trim_end_matches('/'));
        let setup = Setup {
            http: ReqwestHttp::new(loopback()).unwrap(),
            relay: ReqwestRelay::new(loopback()).unwrap(),
            description: &description,
            database,
            ..Setup::at(&site)
        };
        let hits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&hits);
        let away = format!("http://{evil}/x");
        spawn(at_provider, setup.provider.router().merge(api(away)));
        spawn(
            at_evil,
            Router::new().fallback(async move || counted.fetch_add(1, Ordering::SeqCst).to_string()),
        );
        let world = World::with(setup).await;
        spawn(at_ours, world.router.clone());
        let grant = world.grant().await;
        Self { world, grant, ours, site, evil, hits }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.site.port().unwrap())
    }

    pub(super) fn evil_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.evil)
    }

    pub(crate) fn evil_hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// As the app's backend, read to its end.
    pub(super) async fn call(&self, wish: Wish) -> Answer {
        let (parts, body) = self.start(wish).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// As the app's backend, up to the answer's headers.
    pub(super) async fn start(&self, wish: Wish) -> http::Response<relay::Body> {
        let mut request = wish.request.body(wish.body).unwrap();
        let url = format!("http://{}/v1/grants/{}/proxy{}", self.ours, self.grant, request.uri());
        *request.uri_mut() = url.parse().unwrap();
        let key = format!("Bearer {}", self.world.key.expose());
        request.headers_mut().insert("authorization", key.parse().unwrap());
        ReqwestRelay::new(loopback()).unwrap().relay(request).await.unwrap()
    }

    /// A request that no library would write. The answer as text.
    pub(super) async fn raw(&self, method: &str, tail: &str, headers: &str) -> String {
        let mut ours = TcpStream::connect(self.ours).await.unwrap();
        let (key, grant, host) = (self.world.key.expose(), &self.grant, self.ours);
        let request = format!(
            "{method} /v1/grants/{grant}/proxy/{tail} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n\
             {headers}connection: close\r\n\r\n"
        );
        ours.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub(crate) async fn audit(&self, action: &str) -> Vec<AuditEntry> {
        let mut rows = self.world.store.audit_of(&"acme".parse().unwrap()).await.unwrap();
        rows.retain(|row| row.action == action);
        rows
    }

    pub(crate) fn token_requests(&self) -> usize {
        self.world.provider.ledger().token_requests.len()
    }
}

pub(crate) async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

pub(crate) fn spawn(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// An API of many manners.
fn api(away: String) -> Router {
    let never = (StatusCode::UNAUTHORIZED, "never");
    Router::new()
        .route("/api/echo", any(async |request: Request| Body::new(request.into_body())))
        .route("/api/never", any(async move || never))
        .route("/api/page", get(page))
        .route("/api/away", get(async move || (StatusCode::TEMPORARY_REDIRECT, [("location", away)])))
        .route("/api/near", get(async || (StatusCode::TEMPORARY_REDIRECT, [("location", "/api/notes")])))
        .route("/api/{*rest}", any(seen))
        .route("/admin/{*rest}", any(seen))
}

async fn page() -> impl IntoResponse {
    let headers = [
        ("content-type", "text/html"),
        ("content-security-policy", "script-src *"),
        ("cache-control", "public, max-age=60"),
        ("etag", "\"1\""),
        ("set-cookie", "session=evil"),
        ("access-control-allow-origin", "*"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("grantway-upstream", "false"),
    ];
    (StatusCode::IM_A_TEAPOT, headers, "<script>evil()</script>")
}

/// Tells what arrived.
async fn seen(headers: HeaderMap, request: Request) -> Json<Value> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers: BTreeMap<_, _> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    Json(json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8(body.to_vec()).unwrap(),
    }))
}
