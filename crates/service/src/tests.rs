//! The whole product without a face: real SQLite and Postgres, the strict provider, a told clock.

mod api_keys;
mod arriving;
mod completing;
mod minting;
mod once;
mod opening;
mod parameters;
mod refreshing;
mod replicas;
mod using;
mod world;
