//! A call's body: kept if it is small, so that the call can be made again; else passed on as it comes.

use std::time::Duration;

use bytes::Bytes;
use grantway_engine::{BrokenOff, relay::Body};
use http_body::Body as _;
use http_body_util::{BodyExt, Empty, Full};

use crate::ServiceError;

/// A body that says it is no larger is kept, in bytes.
const LARGEST_KEPT: u64 = 64 * 1024;

/// How long such a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a call carries.
pub(super) enum Payload {
    /// As often as needed.
    Kept(Bytes),
    /// Once.
    Stream(Option<Body>),
}

impl Payload {
    /// Reads the body if it says that it is small.
    ///
    /// # Errors
    /// When it breaks off.
    pub(super) async fn of(body: Body) -> Result<Self, ServiceError> {
        if body.size_hint().upper().is_none_or(|most| most > LARGEST_KEPT) {
            return Ok(Self::Stream(Some(body)));
        }
        let read = tokio::time::timeout(PATIENCE, body.collect()).await;
        let read = read.map_err(|_| ServiceError::BodyBroken)?.map_err(|_| ServiceError::BodyBroken)?;
        Ok(Self::Kept(read.to_bytes()))
    }

    /// Whether there is a next time.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// The body, for one call.
    pub(super) fn take(&mut self) -> Body {
        match self {
            Self::Kept(bytes) => Full::new(bytes.clone()).map_err(never).boxed_unsync(),
            Self::Stream(body) => body.take().unwrap_or_else(|| Empty::new().map_err(never).boxed_unsync()),
        }
    }
}

fn never(error: std::convert::Infallible) -> BrokenOff {
    match error {}
}
