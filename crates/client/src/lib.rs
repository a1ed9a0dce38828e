//! Grantway's API for an app whose backend is in Rust: mint a session, use a grant, hear what changed.
//!
//! The one rule: what may be sent again is sent again, and nothing else. Answers may grow: fields that are unknown
//! here are ignored, and words that are unknown here are kept ([`Word`]).
//!
//! ```no_run
//! use grantway_client::{Client, Error, Mint, Reason, Secret};
//!
//! # async fn backend(user: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let key = Secret::new(std::env::var("GRANTWAY_KEY")?);
//! let grantway = Client::new("https://connect.acme.com", &key)?;
//!
//! // For the Connect button of the signed-in user's page.
//! let minted = grantway.mint(&Mint::for_user(user)).await?;
//! println!("session_token for the page's form: {}", minted.session_token.expose());
//!
//! // Later: a call to the provider's API in the user's name. The token stays with Grantway.
//! let grant = match grantway.token_of_user("github", user, &["repo"]).await {
//!     Ok(token) => token.grant_id,
//!     Err(error) => match error.reason() {
//!         // Let the user connect again, under the same id.
//!         Reason::CredentialRevoked { grant_id, .. } | Reason::InsufficientScope { grant_id, .. } => {
//!             let again = Mint { grant_id: Some(grant_id), ..Mint::for_user(user) };
//!             grantway.mint(&again).await?;
//!             return Ok(());
//!         }
//!         // Let the user choose.
//!         Reason::AmbiguousGrant { grants } => grants[0].grant_id,
//!         _ => return Err(error.into()),
//!     },
//! };
//! let call = http::Request::get("https://api.github.com/repos/acme/site/issues?state=open");
//! let issues = grantway.proxy(grant, call.header("accept", "application/json").body("")?).await?;
//! println!("{}: {}", issues.status(), issues.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Webhooks are read by [`webhook::verify`].

mod client;
mod error;
mod events;
mod grants;
mod proxy;
mod sending;
mod sessions;
mod users;
pub mod webhook;
mod word;

pub use client::{Client, SetupError};
pub use error::{Candidate, Error, Problem, Reason};
pub use events::{Change, Event, EventPage, EventQuery, NeedsReauth, SessionFailed};
pub use grants::{Connection, GrantPage, GrantQuery, Injection, Token, User};
pub use grantway_core::{
    Code, GrantId, Secret, SessionId, Timestamp,
    grant::{Account, GrantStatus, Operation},
    message::RETURN_PARAMETER,
    session::{Link, Stage, Theme},
};
pub use sessions::{Failure, Mint, Minted, Outcome, SessionResult, SessionStatus};
pub use users::Deleted;
pub use word::Word;
