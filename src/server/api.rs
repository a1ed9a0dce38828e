//! The JSON API, for the app's backend, and the result endpoint, for its pages.

pub mod auth;
pub mod events;
pub mod grants;
pub mod once;
pub mod openapi;
pub mod proxy;
pub mod result;
pub mod sessions;
pub mod users;
