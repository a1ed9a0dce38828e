//! The whole product without a face: real SQLite and Postgres, the strict provider, a told clock.

mod arriving;
mod completing;
mod minting;
mod opening;
mod parameters;
mod refreshing;
mod replicas;
mod using;
mod world;
