//! The Connect pages, rendered on the server. Each is complete and works without scripts.

pub mod ask;
pub mod callback;
pub mod card;
pub mod forward;
pub mod link;
pub mod problem;
pub mod session;
