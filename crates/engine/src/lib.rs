//! OAuth 2.0 on the wire, the same for every provider.
//!
//! The one rule: nothing in here knows a provider's name. What is odd about one is data of the catalog.

pub mod http;

pub use http::{Http, HttpError};
