//! The whole product without a face: real SQLite and Postgres, the strict provider, a told clock.

mod api_keys;
mod arriving;
mod auditing;
mod completing;
mod disuse;
mod identity;
mod minting;
mod once;
mod opening;
mod parameters;
mod reauthorising;
mod refreshing;
mod replicas;
mod revoking;
mod rotating;
mod scopes;
mod steps;
mod users;
mod using;
mod world;
