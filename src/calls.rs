//! Server functions. Pages call them while they are rendered; each is also a public POST endpoint,
//! behind the same cookie and the same guard against other sites.

#![expect(missing_docs, reason = "the argument structs that the macro makes cannot carry docs")]
mod problem;

use grantway_core::{SessionId, view::View};
use leptos::{prelude::server, server_fn::codec::Json};

pub use problem::{Opener, Origins, Problem};

/// What this browser may see of a session.
#[server(prefix = "/connect/calls", endpoint = "validate_session", input = Json)]
pub async fn validate_session(session_id: String) -> Result<View, Problem> {
    crate::server::steps::validate_session(session_id).await
}

/// Takes a provider's answer, as it stands in the redirect URI's query, and says whose page to show.
#[server(prefix = "/connect/calls", endpoint = "exchange", input = Json)]
pub async fn exchange(registration: String, query: String) -> Result<SessionId, Problem> {
    crate::server::steps::exchange(registration, query).await
}
