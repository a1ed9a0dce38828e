//! The providers that are used most, by the shapes that their own documentation shows: each test names the page.
//! The values are made up.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod identity;
mod sales;
mod shape;
mod work;
