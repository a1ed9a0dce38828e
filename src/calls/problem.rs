//! A refusal on its way to a page.

use grantway_core::{Code, Origin, message::RefusalMessage, view::WayOut};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// What a problem page says. Nothing in it is secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The stable code, with its words.
    pub code: Code,
    /// The app's home, when it may be told.
    pub way_out: Option<Box<WayOut>>,
    /// For the app's developer: who was expected, who came.
    pub origins: Option<Origins>,
    /// For the page that opened this one in a window.
    pub opener: Option<Box<Opener>>,
}

/// Who opened a window in vain, and what it hears.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opener {
    /// The browser's `Origin` header: exactly this page.
    pub origin: Origin,
    /// The refusal, and nothing of a session.
    pub message: RefusalMessage,
}

/// An origin that did not fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origins {
    /// The session's `allowed_origin`.
    pub allowed: String,
    /// The browser's `Origin` header.
    pub got: String,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, way_out: None, origins: None, opener: None }
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_) => Code::InvalidRequest.into(),
            _ => Code::Internal.into(),
        }
    }
}
