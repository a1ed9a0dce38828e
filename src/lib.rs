//! Grantway's face: the Connect pages, their islands, and the server behind them.
//!
//! One code base, built twice: with `ssr` it is the server, with `hydrate` the islands' WebAssembly.

pub mod app;
pub mod calls;
pub mod islands;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

/// Called by the page's loader once the WebAssembly is there.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
