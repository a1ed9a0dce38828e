//! Tells the opener how it ended, then closes the popup.

use leptos::{prelude::*, web_sys};
use wasm_bindgen::JsValue;

/// Posts the page's result to `window.opener`, at exactly the origin that may hear it, and closes the window.
/// A provider's page may have cut the opener off; then the widget reads the result from the server.
#[island]
pub fn Herald() -> impl IntoView {
    Effect::new(|_| tell());
}

fn tell() -> Option<()> {
    let window = web_sys::window()?;
    let page = window.document()?.get_element_by_id("result")?;
    let message = js_sys::JSON::parse(&page.get_attribute("data-message")?).ok()?;
    let origin = page.get_attribute("data-origin")?;
    if let Some(opener) = window.opener().ok().filter(JsValue::is_truthy) {
        web_sys::Window::from(opener).post_message(&message, &origin).ok()?;
    }
    if page.has_attribute("data-stays") { None } else { window.close().ok() }
}
