//! Small things a page does: listen, make secrets, name itself, post a form.

use grantway_core::message::RETURN_PARAMETER;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Document, Event, EventTarget, HtmlFormElement};

/// An event listener that is removed when this is dropped.
pub(crate) struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Listens before the page's own handlers do, which may stop an event.
    pub(crate) fn on(target: &EventTarget, name: &'static str, hear: impl FnMut(Event) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(Event)>::new(hear);
        let _ =
            target.add_event_listener_with_callback_and_bool(name, closure.as_ref().unchecked_ref(), true);
        Self { target: target.clone(), name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback_and_bool(self.name, function, true);
    }
}

/// 128 random bits, base64url.
pub(crate) fn random_secret() -> Result<String, JsValue> {
    let mut bytes = [0_u8; 16];
    gloo_utils::window().crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(grantway_core::secret::base64url(&bytes))
}

/// The page's URL without its fragment and without an earlier result.
pub(crate) fn page_url() -> Option<String> {
    let location = gloo_utils::window().location();
    let (origin, path) = (location.origin().ok()?, location.pathname().ok()?);
    Some(format!("{origin}{path}{}", without_result(&location.search().ok()?)))
}

/// A query (with its `?`) without the result's parameter; every other byte stays as it is.
pub(crate) fn without_result(search: &str) -> String {
    let is_result = |pair: &&str| pair.split('=').next() == Some(RETURN_PARAMETER);
    let kept: Vec<_> = search
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_result(pair))
        .collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

/// Posts a form from a document, as if it had been in there. The document may be another window's:
/// its elements are of that window's classes, so nothing is cast with a check.
pub(crate) fn post_form(document: &Document, action: &str, fields: &[(&str, &str)]) -> Result<(), JsValue> {
    let form: HtmlFormElement = document.create_element("form")?.unchecked_into();
    form.set_attribute("method", "post")?;
    form.set_attribute("action", action)?;
    form.set_attribute("hidden", "")?;
    for (name, value) in fields {
        let field = document.create_element("input")?;
        field.set_attribute("type", "hidden")?;
        field.set_attribute("name", name)?;
        field.set_attribute("value", value)?;
        form.append_child(&field)?;
    }
    let body = document.body().ok_or(JsValue::NULL)?;
    body.append_child(&form)?;
    form.submit()?;
    // The token has no business in the page once it is on its way.
    form.remove();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_leaves_the_rest_of_the_query_alone() {
        for (search, kept) in [
            ("", ""),
            ("?", ""),
            ("?grantway=gwr_x", ""),
            ("?a=%20b&grantway=gwr_x&c", "?a=%20b&c"),
            ("?grantways=1", "?grantways=1"),
        ] {
            assert_eq!(without_result(search), kept, "{search}");
        }
    }
}
