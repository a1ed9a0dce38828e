//! The JSON API and the pages' posts, through the real router, on a real database.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod calls;
mod client;
mod connect;
mod events;
mod grants;
mod keys;
mod layering;
mod limits;
mod logos;
mod logs;
mod once;
mod openapi;
mod pages;
mod parameters;
mod providers;
mod proxy;
mod result;
mod sessions;
mod user_tokens;
mod users;
mod webhooks;
mod world;
