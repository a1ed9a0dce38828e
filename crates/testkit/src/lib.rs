//! What tests and `grantway demo` need of the outside world: a clock that is told, entropy from a
//! seed, a strict provider, and a network that is a function call.
//!
//! The one rule: nothing in here is lenient. A client that passes here errs nowhere the RFCs forbid.

pub mod clock;
pub mod entropy;
pub mod http;
pub mod person;
pub mod provider;

pub use clock::ToldClock;
pub use entropy::SeededEntropy;
pub use http::RouterHttp;
pub use person::{Answer, Person, PersonError};
pub use provider::{
    ACCOUNTS, Account, FakeClient, FakeProvider, FakeProviderConfig, GrantType, Ledger, OAuthError, Switches,
    TokenBehaviour, TokenOutcome, TokenRequest,
};
