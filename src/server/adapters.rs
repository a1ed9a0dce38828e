//! The edge of the process: the real clock, the real randomness, the real network.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use grantway_core::{Clock, Entropy, Timestamp};
use grantway_engine::{Http, HttpError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

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

/// The network: pooled connections, no redirects, no proxies of the environment, capped time and size.
#[derive(Clone, Debug)]
pub struct ReqwestHttp(reqwest::Client);

impl ReqwestHttp {
    /// Prepares the connection pool.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new() -> Result<Arc<Self>, reqwest::Error> {
        Ok(Arc::new(Self(network().timeout(Duration::from_secs(TOTAL_SECONDS)).build()?)))
    }
}

/// What every connection to a provider keeps.
#[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
fn network() -> reqwest::ClientBuilder {
    // A second call finds the provider installed, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .user_agent("grantway")
        .dns_resolver(Arc::new(LoopbackNames))
}

/// Names under `localhost` are loopback (RFC 6761, section 6.3), though many resolvers don't know it;
/// every other name goes to the system.
struct LoopbackNames;

impl Resolve for LoopbackNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if name.as_str().ends_with(".localhost") {
                let addresses: Addrs = Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0))));
                return Ok(addresses);
            }
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[async_trait]
impl Http for ReqwestHttp {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::NotConnected)?;
        let mut answer = self.0.execute(request).await.map_err(|error| translate(&error))?;
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
        parts.body(body).map_err(|_| HttpError::Unreachable)
    }

    async fn send_for_status(&self, request: http::Request<Vec<u8>>) -> Result<http::StatusCode, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::NotConnected)?;
        let mut answer = self.0.execute(request).await.map_err(|error| translate(&error))?;
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
        error if error.is_connect() => HttpError::NotConnected,
        error if error.is_timeout() => HttpError::TimedOut,
        _ => HttpError::Unreachable,
    }
}
