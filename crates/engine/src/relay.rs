//! The other seam to the network: calls to a provider's API, whose bodies stream and have any size.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

use crate::HttpError;

/// A body that did not come to its end. Its cause may name a URL, so it stays behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body broke off")]
pub struct BrokenOff;

/// Bytes as they come.
pub type Body = UnsyncBoxBody<Bytes, BrokenOff>;

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The body of the call itself broke off.
    #[error(transparent)]
    Call(#[from] BrokenOff),
    /// The provider's side failed.
    #[error(transparent)]
    Provider(#[from] HttpError),
}

/// Passes one call on and its answer back, as they come. Adapters follow no redirect, decode nothing and cap
/// how long either side may be silent.
#[async_trait]
pub trait Relay: Send + Sync {
    /// Any status is an answer; only silence is an error.
    async fn relay(&self, call: ::http::Request<Body>) -> Result<::http::Response<Body>, RelayError>;
}
