//! The one seam to the network.

use async_trait::async_trait;

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection: nothing was sent.
    #[error("the provider could not be reached")]
    NotConnected,
    /// The address is none of the public network, and not allowed: nothing was sent.
    #[error("the provider's address is not public; `server.allowed_networks` can allow it")]
    NotPublic,
    /// The connection broke; the request may have arrived.
    #[error("the provider did not answer")]
    Unanswered,
    /// It took too long; the request may have arrived.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// More bytes than any token or account answer has.
    #[error("the provider's answer is too large")]
    TooLarge,
}

/// Sends one request and reads the whole answer. Adapters follow no redirect and cap time and size.
#[async_trait]
pub trait Http: Send + Sync {
    /// Any status is an answer; only silence is an error.
    async fn send(&self, request: ::http::Request<Vec<u8>>) -> Result<::http::Response<Vec<u8>>, HttpError>;

    /// As [`Self::send`], for an answer that says all by its status: its body counts for nothing, however large,
    /// slow or broken.
    async fn send_for_status(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::StatusCode, HttpError> {
        Ok(self.send(request).await?.status())
    }
}
