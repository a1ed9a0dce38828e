//! Presses the picker's only button.

use leptos::{prelude::*, web_sys};
use wasm_bindgen::JsCast;

/// Submits the form of a session with one provider. The server asks for it only before the first
/// depart, so Back from the provider is no trap.
#[island]
pub fn Launcher() -> impl IntoView {
    Effect::new(|_| press());
}

fn press() -> Option<()> {
    let document = web_sys::window()?.document()?;
    let button = document.query_selector("form[data-forward] button.provider").ok()??;
    button.dyn_into::<web_sys::HtmlElement>().ok()?.click();
    Some(())
}
