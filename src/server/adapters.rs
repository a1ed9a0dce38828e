//! The edge of the process: the real clock, the real randomness, the real network.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use grantway_core::{Clock, Entropy, Timestamp};
use grantway_engine::{Http, HttpError};

use crate::server::egress::{Egress, NotPublic};

mod relay;

pub use relay::ReqwestRelay;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's randomness")]
    #[expect(clippy::expect_used, reason = "a system without randomness can't go on safely")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives randomness");
    }
}

/// The most bytes that are read of an answer that says all by its status, so that its connection can be used again.
const SMALL_ANSWER: usize = 16 * 1024;
/// The most bytes that a provider's answer may have.
const LARGEST_ANSWER: usize = 1024 * 1024;
const CONNECT_SECONDS: u64 = 5;
const TOTAL_SECONDS: u64 = 20;
/// How long each further piece of such an answer is waited for.
const DRAIN: Duration = Duration::from_millis(250);

/// The network: pooled connections, no redirects, no proxies of the environment, capped time and size, and
/// only addresses that [`Egress`] allows.
#[derive(Clone, Debug)]
pub struct ReqwestHttp {
    client: reqwest::Client,
    egress: Egress,
}

impl ReqwestHttp {
    /// Prepares the connection pool.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(egress: Egress) -> Result<Arc<Self>, reqwest::Error> {
        let client = network(&egress).timeout(Duration::from_secs(TOTAL_SECONDS)).build()?;
        Ok(Arc::new(Self { client, egress }))
    }

    async fn answer(&self, request: http::Request<Vec<u8>>) -> Result<reqwest::Response, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::NotConnected)?;
        self.egress.check(request.url()).map_err(|NotPublic| HttpError::NotPublic)?;
        self.client.execute(request).await.map_err(|error| translate(&error))
    }
}

/// What every connection to a provider keeps.
#[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
fn network(egress: &Egress) -> reqwest::ClientBuilder {
    // A second call finds the provider installed, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .user_agent("grantway")
        .dns_resolver(Arc::new(egress.clone()))
}

#[async_trait]
impl Http for ReqwestHttp {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, HttpError> {
        let mut answer = self.answer(request).await?;
        let mut parts = http::Response::builder().status(answer.status());
        if let Some(headers) = parts.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| translate(&error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        parts.body(body).map_err(|_| HttpError::Unanswered)
    }

    async fn send_for_status(&self, request: http::Request<Vec<u8>>) -> Result<http::StatusCode, HttpError> {
        let mut answer = self.answer(request).await?;
        let mut read = 0;
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(DRAIN, answer.chunk()).await
            && read < SMALL_ANSWER
        {
            read += chunk.len();
        }
        Ok(answer.status())
    }
}

/// The library's errors name the URL, which may hold a secret: only their kind goes on.
fn translate(error: &reqwest::Error) -> HttpError {
    match error {
        error if is_refused(error) => HttpError::NotPublic,
        error if error.is_connect() => HttpError::NotConnected,
        error if error.is_timeout() => HttpError::TimedOut,
        _ => HttpError::Unanswered,
    }
}

/// Whether it was our own resolver that said no.
fn is_refused(error: &reqwest::Error) -> bool {
    let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
    std::iter::successors(first, |error| error.source()).any(|error| error.is::<NotPublic>())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(egress: Egress, url: &str) -> Result<u16, HttpError> {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        ReqwestHttp::new(egress).unwrap().send(request).await.map(|answer| answer.status().as_u16())
    }

    #[tokio::test]
    async fn this_machine_is_reached_only_if_it_is_allowed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
        let loopback = Egress::with(vec!["127.0.0.0/8".parse().unwrap()]);

        for host in ["127.0.0.1", "provider.localhost"] {
            let url = format!("http://{host}:{port}/");
            assert!(matches!(get(Egress::default(), &url).await, Err(HttpError::NotPublic)), "{host}");
            let post = http::Request::post(&url).body(Vec::new()).unwrap();
            let posted = ReqwestHttp::new(Egress::default()).unwrap().send_for_status(post).await;
            assert!(matches!(posted, Err(HttpError::NotPublic)), "{host}");
            assert_eq!(get(loopback.clone(), &url).await.unwrap(), 404, "{host}");
        }
    }
}
