//! The JSON API and the pages' posts, through the real router, on a real database.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod calls;
mod connect;
mod events;
mod grants;
mod layering;
mod logos;
mod logs;
mod pages;
mod parameters;
mod proxy;
mod result;
mod sessions;
mod user_tokens;
mod users;
mod webhooks;
mod world;
