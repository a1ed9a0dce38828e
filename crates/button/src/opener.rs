//! The window of its own: opened empty in the click, filled by DOM and CSSOM, then sent to Grantway.
//!
//! It inherits the page's content security policy, so nothing in it is inline markup, style or script.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlElement, Window};

use crate::{browser, device};

/// A window that this page opened.
pub(crate) struct Popup(Window);

impl Popup {
    /// Opens it; nothing when the browser refuses. Must run in the click itself.
    pub(crate) fn open() -> Option<Self> {
        let features = device::window_features();
        let window = gloo_utils::window()
            .open_with_url_and_target_and_features("", "_blank", &features)
            .ok()
            .flatten()?;
        let popup = Self(window);
        if popup.is_closed() {
            return None;
        }
        // An empty window is no reason to give up.
        let _ = popup.fill();
        Some(popup)
    }

    /// Posts a form from its document, which makes the browser add this page's origin.
    pub(crate) fn post(&self, action: &str, fields: &[(&str, &str)]) -> Result<(), JsValue> {
        browser::post_form(&self.document()?, action, fields)
    }

    /// The window itself.
    pub(crate) fn window(&self) -> &Window {
        &self.0
    }

    /// Whether it is closed, or cut from this page by a provider's `Cross-Origin-Opener-Policy`.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed().unwrap_or(true)
    }

    /// Whether a message came from it.
    pub(crate) fn is(&self, source: &JsValue) -> bool {
        let window: &JsValue = self.0.as_ref();
        window == source
    }

    /// Brings it to the front.
    pub(crate) fn focus(&self) {
        let _ = self.0.focus();
    }

    /// Closes it.
    pub(crate) fn close(&self) {
        let _ = self.0.close();
    }

    /// Its document while it is still ours; a person may have typed another address by now.
    fn document(&self) -> Result<Document, JsValue> {
        let document = Reflect::get(&self.0, &JsValue::from_str("document"))?;
        if document.is_object() { Ok(document.unchecked_into()) } else { Err(document) }
    }

    fn fill(&self) -> Result<(), JsValue> {
        let document = self.document()?;
        document.set_title("Connecting…");
        let referrer = document.create_element("meta")?;
        // Under the page's own `no-referrer` the form would carry `Origin: null`.
        referrer.set_attribute("name", "referrer")?;
        referrer.set_attribute("content", "strict-origin")?;
        let head: HtmlElement = document.head().ok_or(JsValue::NULL)?.unchecked_into();
        head.append_child(&referrer)?;

        let text: HtmlElement = document.create_element("p")?.unchecked_into();
        text.set_text_content(Some("Connecting…"));
        text.set_attribute("role", "status")?;
        for (property, value) in [
            ("font", "1.125rem system-ui, sans-serif"),
            ("color", "GrayText"),
            ("text-align", "center"),
            ("margin-top", "40vh"),
        ] {
            text.style().set_property(property, value)?;
        }
        let root: HtmlElement = document.document_element().ok_or(JsValue::NULL)?.unchecked_into();
        root.style().set_property("color-scheme", "light dark")?;
        document.body().ok_or(JsValue::NULL)?.append_child(&text)?;
        Ok(())
    }
}
