//! The network for calls that are passed on: bodies stream and may be large, so nothing is timed as a
//! whole; either side may only be silent for so long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use grantway_engine::{BrokenOff, HttpError, Relay, RelayError, relay::Body};
use http::{HeaderValue, Request, Response, header::CONTENT_LENGTH};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;
use tower_http::timeout::TimeoutBody;

use super::{network, translate};
use crate::server::egress::{Egress, NotPublic};

/// How long a body may be silent, in either direction.
const SILENCE: Duration = Duration::from_secs(120);
/// How long a provider may think, once it has the whole call.
const ANSWER: Duration = Duration::from_secs(60);
/// How long sending a call may take.
const SENDING: Duration = Duration::from_secs(3600);

/// Passes calls on: pooled connections, no redirects, no proxies of the environment, and only addresses that
/// [`Egress`] allows.
#[derive(Clone, Debug)]
pub struct ReqwestRelay {
    client: reqwest::Client,
    egress: Egress,
}

impl ReqwestRelay {
    /// Prepares the connection pool.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(egress: Egress) -> Result<Arc<Self>, reqwest::Error> {
        let client = network(&egress).build()?;
        Ok(Arc::new(Self { client, egress }))
    }
}

#[async_trait]
impl Relay for ReqwestRelay {
    async fn relay(&self, call: Request<Body>) -> Result<Response<Body>, RelayError> {
        let broke = Arc::new(AtomicBool::new(false));
        let (sending, sent) = oneshot::channel::<()>();
        let call = outgoing(call, Arc::clone(&broke), sending)?;
        self.egress.check(call.url()).map_err(|NotPublic| HttpError::NotPublic)?;
        let slow = async {
            // Closed when the body is let go: it has been sent, or nobody wants it any more.
            let _ = tokio::time::timeout(SENDING, sent).await;
            tokio::time::sleep(ANSWER).await;
        };
        let answer = tokio::select! {
            answer = self.client.execute(call) => answer,
            () = slow => return Err(HttpError::TimedOut.into()),
        };
        match answer {
            Ok(answer) => Ok(incoming(answer.into())),
            Err(_) if broke.load(Ordering::Relaxed) => Err(BrokenOff.into()),
            Err(error) => Err(translate(&error).into()),
        }
    }
}

/// The library's form of a call. `broke` tells whether it was the call's own body that failed, `sending` is
/// dropped with the body.
fn outgoing(
    call: Request<Body>,
    broke: Arc<AtomicBool>,
    sending: oneshot::Sender<()>,
) -> Result<reqwest::Request, HttpError> {
    let (mut parts, body) = call.into_parts();
    let length = body.size_hint().exact();
    if let Some(length) = length.filter(|length| *length > 0) {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let noted = TimeoutBody::new(SILENCE, body).map_err(move |_| {
        let _held = &sending;
        broke.store(true, Ordering::Relaxed);
        BrokenOff
    });
    let body = match length {
        Some(0) => reqwest::Body::from(Vec::new()),
        _ => reqwest::Body::wrap_stream(noted.into_data_stream()),
    };
    reqwest::Request::try_from(Request::from_parts(parts, body)).map_err(|_| HttpError::NotConnected)
}

/// The answer without what the library knows of its way.
fn incoming(answer: Response<reqwest::Body>) -> Response<Body> {
    let (theirs, body) = answer.into_parts();
    let body = TimeoutBody::new(SILENCE, body).map_err(|_| BrokenOff).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = theirs.status;
    *answer.headers_mut() = theirs.headers;
    answer
}
