//! Acme Notes: a small Leptos app whose users connect their accounts through Grantway.
//!
//! What to copy: [`connect`], the island with the button; `server`, which mints for the user of its
//! own cookie and keeps the API key; [`home`], the page, which works without JavaScript.

pub mod connect;
pub mod home;
pub mod outcome;
#[cfg(feature = "ssr")]
mod server;

#[cfg(feature = "ssr")]
pub use server::{HostConfig, router};

/// Prepares the page for its islands; `boot.js` then wakes each of them.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
