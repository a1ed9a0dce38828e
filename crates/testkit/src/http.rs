//! The engine's network as a function call: every host is a router in this process.

use std::collections::HashMap;

use async_trait::async_trait;
use axum::{Router, body::Body};
use grantway_engine::{BrokenOff, Http, HttpError, Relay, RelayError, relay};
use http::{HeaderValue, Request, Response, Uri, header::HOST, uri::PathAndQuery};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use url::Url;

use crate::Traffic;

/// As the real adapter: no token or account answer is larger.
const MOST_BYTES: usize = 1 << 20;

/// Hands each request to the router that serves its host and port. No sockets, no DNS, no redirects.
#[derive(Clone, Default)]
pub struct RouterHttp {
    routers: HashMap<String, Router>,
    traffic: Traffic,
}

impl RouterHttp {
    /// A network without hosts: everything is unreachable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `router` answer at the host and port of `public_url`.
    #[must_use]
    pub fn serving(mut self, public_url: &Url, router: Router) -> Self {
        if let (Some(host), Some(port)) = (public_url.host_str(), public_url.port_or_known_default()) {
            self.routers.insert(format!("{host}:{port}"), router);
        }
        self
    }

    /// Lets `traffic` have its way with every request.
    #[must_use]
    pub fn through(mut self, traffic: &Traffic) -> Self {
        self.traffic = traffic.clone();
        self
    }

    fn router(&self, uri: &Uri) -> Option<Router> {
        let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(usual);
        self.routers.get(&format!("{}:{port}", uri.host()?)).cloned()
    }
}

#[async_trait]
impl Http for RouterHttp {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let path = request.uri().path().to_owned();
        self.traffic.check(&path)?;
        let router = self.router(request.uri()).ok_or(HttpError::NotConnected)?;
        let answer = match router.oneshot(as_received(request.map(Body::from))).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| HttpError::Unanswered)?;
        if bytes.len() > MOST_BYTES {
            return Err(HttpError::TooLarge);
        }
        self.traffic.pass(&path).await;
        Ok(Response::from_parts(parts, bytes.to_vec()))
    }
}

#[async_trait]
impl Relay for RouterHttp {
    async fn relay(&self, call: Request<relay::Body>) -> Result<Response<relay::Body>, RelayError> {
        let router = self.router(call.uri()).ok_or(HttpError::NotConnected)?;
        let answer = match router.oneshot(as_received(call.map(Body::new))).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        Ok(answer.map(|body| body.map_err(|_| BrokenOff).boxed_unsync()))
    }
}

/// A server sees the path and a `Host`, not the whole address.
fn as_received(request: Request<Body>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let host = parts.uri.authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok());
    if let Some(host) = host {
        parts.headers.entry(HOST).or_insert(host);
    }
    let root = PathAndQuery::from_static("/");
    parts.uri = Uri::from(parts.uri.path_and_query().cloned().unwrap_or(root));
    Request::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use axum::{extract::RawQuery, http::HeaderMap, routing::get};

    use super::*;

    fn to(address: &str) -> Request<Vec<u8>> {
        Request::get(address).body(Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn a_request_reaches_the_router_of_its_host_and_port() {
        let echo = |headers: HeaderMap, RawQuery(query): RawQuery| async move {
            format!("{:?} {}", headers[HOST], query.unwrap_or_default())
        };
        let network = RouterHttp::new()
            .serving(&Url::parse("https://one.test").unwrap(), Router::new().route("/where", get(echo)));

        let answer = network.send(to("https://one.test/where?a=1")).await.unwrap();
        let elsewhere = network.send(to("https://one.test:8443/where")).await;

        assert_eq!(answer.into_body(), b"\"one.test\" a=1");
        assert!(matches!(elsewhere, Err(HttpError::NotConnected)));
    }

    #[tokio::test]
    async fn an_answer_beyond_the_cap_is_an_error() {
        let flood = Router::new().route("/", get(|| async { vec![0_u8; MOST_BYTES + 1] }));
        let network = RouterHttp::new().serving(&Url::parse("http://flood.test").unwrap(), flood);

        let answer = network.send(to("http://flood.test/")).await;

        assert!(matches!(answer, Err(HttpError::TooLarge)));
    }
}
