//! The whole product without a face: real SQLite and Postgres, the strict provider, a told clock.

mod arriving;
mod auditing;
mod completing;
mod minting;
mod opening;
mod parameters;
mod refreshing;
mod replicas;
mod rotating;
mod using;
mod world;
