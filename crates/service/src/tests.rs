//! The whole product without a face: real SQLite, the strict provider, a told clock.

mod arriving;
mod completing;
mod identity;
mod minting;
mod opening;
mod parameters;
mod reauthorising;
mod refreshing;
mod revoking;
mod users;
mod using;
mod world;
