//! Grantway's words and rules: ids, secrets, sessions, flows, grants, the device rule and the codes
//! of everything that can go wrong.
//!
//! The one rule: nothing in here does IO or reads a clock, so that it builds for WebAssembly and
//! every rule can be tested by calling it.

pub mod app;
pub mod clock;
pub mod code;
pub mod device;
pub mod flow;
pub mod grant;
pub mod ids;
pub mod key;
pub mod message;
pub mod origin;
pub mod secret;
pub mod session;
pub mod view;

pub use clock::{Clock, Entropy, Timestamp};
pub use code::Code;
pub use ids::{AppId, EndpointId, GrantId, ProviderId, RegistrationId, SessionId};
pub use key::KeyScope;
pub use origin::Origin;
pub use secret::{Digest, Secret};
