//! An app's backend that hears webhooks: a real server on loopback.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    routing::post,
};
use grantway::server::{adapters::ReqwestHttp, egress::Egress};
use grantway_core::{AppId, Secret};
use grantway_engine::{Http, HttpError};
use grantway_service::{WebhookSpec, new_webhook_secret};
use grantway_testkit::SeededEntropy;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinHandle},
};
use url::Url;

use crate::world::{Setup, World, app_spec};

/// Longer than anything here takes, shorter than the worker's own look at the clock.
const PATIENCE: Duration = Duration::from_secs(4);

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    Status(u16),
    /// To another place.
    Redirect,
    /// 200, and a body without end.
    Endless,
    /// Not at all, until its manner changes.
    Silence,
}

#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Heard {
    pub(super) fn id(&self) -> String {
        self.headers["webhook-id"].to_str().unwrap().to_owned()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn verified_by(&self, secret: &Secret) -> bool {
        let verifier = standardwebhooks::Webhook::new(secret.expose()).unwrap();
        verifier.verify(&self.body, &self.headers).is_ok()
    }
}

pub(super) struct Receiver {
    pub(super) url: Url,
    pub(super) manner: watch::Sender<Manner>,
    heard: watch::Receiver<Vec<Heard>>,
    server: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub(super) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(super) fn on(listener: TcpListener) -> Self {
        let url = format!("http://{}/hooks", listener.local_addr().unwrap()).parse().unwrap();
        let (told, heard) = watch::channel(Vec::new());
        let (manner, _) = watch::channel(Manner::Status(204));
        let router = Router::new().route("/hooks", post(hear)).with_state((Arc::new(told), manner.clone()));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, manner, heard, server: server.abort_handle() }
    }

    /// Waits until it has heard so many.
    pub(super) async fn heard(&self, count: usize) -> Vec<Heard> {
        let mut heard = self.heard.clone();
        let enough = heard.wait_for(|heard| heard.len() >= count);
        let heard = tokio::time::timeout(PATIENCE, enough).await.unwrap().unwrap();
        assert_eq!(heard.len(), count, "no more than that");
        heard.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.heard.borrow().len()
    }
}

/// What it has heard, and how it answers.
type Ears = (Arc<watch::Sender<Vec<Heard>>>, watch::Sender<Manner>);

async fn hear(State((told, manner)): State<Ears>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    told.send_modify(|all| all.push(Heard { headers, body }));
    let mut manner = manner.subscribe();
    let manner = *manner.wait_for(|manner| *manner != Manner::Silence).await.unwrap();
    let answer = Response::builder();
    match manner {
        Manner::Status(status) => answer.status(status).body(Body::empty()),
        Manner::Redirect => answer.status(302).header("location", "/hooks").body(Body::empty()),
        Manner::Endless => {
            answer.status(StatusCode::OK).body(Body::from_stream(futures::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(vec![b'x'; 8192])
            })))
        }
        Manner::Silence => unreachable!("waited for another"),
    }
    .unwrap()
}

pub(super) fn app() -> AppId {
    "acme".parse().unwrap()
}

pub(super) fn secret(seed: u64) -> Secret {
    new_webhook_secret(&SeededEntropy::new(seed))
}

pub(super) fn webhook(url: &Url) -> WebhookSpec {
    WebhookSpec { url: url.clone(), secrets: vec![secret(1)], events: Vec::new() }
}

/// The provider is a function call, loopback is the network.
struct Roads {
    provider: Arc<dyn Http>,
    network: Arc<ReqwestHttp>,
}

impl Roads {
    fn to(&self, request: &Request<Vec<u8>>) -> &dyn Http {
        if request.uri().host() == Some("127.0.0.1") { &*self.network } else { &*self.provider }
    }
}

#[async_trait]
impl Http for Roads {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        self.to(&request).send(request).await
    }

    async fn send_for_status(&self, request: Request<Vec<u8>>) -> Result<StatusCode, HttpError> {
        self.to(&request).send_for_status(request).await
    }
}

impl World {
    /// A world whose webhooks go out.
    pub(super) async fn on_the_network() -> Self {
        let setup = Setup::at(&"https://files.test".parse().unwrap());
        let loopback = Egress::with(vec!["127.0.0.0/8".parse().unwrap()]);
        let network = ReqwestHttp::new(loopback).unwrap();
        let http = Arc::new(Roads { provider: setup.http.clone(), network });
        Self::with(Setup { http, ..setup }).await
    }

    pub(super) async fn declare(&self, webhooks: Vec<WebhookSpec>) {
        let mut spec = app_spec();
        spec.webhooks = webhooks;
        self.service.apply(vec![spec]).await.unwrap();
    }

    /// A process that delivers.
    pub(super) fn deliver(&self) -> JoinHandle<()> {
        tokio::spawn(Arc::clone(&self.service).keep_delivering())
    }

    /// Something that the app hears of.
    pub(super) async fn happen(&self) {
        let minted = self.mint(serde_json::json!({"allowed_providers": ["files"]})).await;
        self.connect(&minted, &[]).await;
    }

    /// Time goes by; any step of a session wakes the worker.
    pub(super) async fn later(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        let minted = self.mint(serde_json::json!({"allowed_providers": ["files"]})).await;
        self.open(&minted, &[]).await;
    }

    /// Waits until what is not delivered is like that.
    pub(super) async fn undelivered(
        &self,
        like: impl Fn(&[grantway_store::Delivery]) -> bool,
    ) -> Vec<grantway_store::Delivery> {
        let found = async {
            loop {
                let undelivered = self.service.undelivered(&app()).await.unwrap();
                if like(&undelivered) {
                    return undelivered;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap()
    }

    /// The ids of all events, in their order.
    pub(super) async fn event_ids(&self) -> Vec<String> {
        let events = self.api("GET", "/v1/events", None).await.json();
        let ids = events["data"].as_array().unwrap().iter();
        ids.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }
}
