//! What tests and `grantway demo` need of the outside world: a clock that is told, entropy from a
//! seed, a strict provider, a network that is a function call, and a PostgreSQL server of one's own.
//!
//! The one rule: nothing in here is lenient. A client that passes here errs nowhere the RFCs forbid.

pub mod clock;
pub mod entropy;
pub mod http;
pub mod issuer;
pub mod person;
pub mod postgres;
pub mod provider;
pub mod traffic;

pub use clock::ToldClock;
pub use entropy::SeededEntropy;
pub use http::RouterHttp;
pub use issuer::Issuer;
pub use person::{Answer, Person, PersonError};
pub use postgres::{PostgresError, PostgresServer};
pub use provider::{
    ACCOUNTS, Account, FakeClient, FakeProvider, FakeProviderConfig, GrantType, Ledger, OAuthError, Switches,
    TokenBehaviour, TokenOutcome, TokenRequest,
};
pub use traffic::{Held, Traffic};
