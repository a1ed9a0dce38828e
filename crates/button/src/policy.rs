//! Tells developers which directive their page's Content Security Policy lacks (CSP 3, section 5.1).

use std::cell::RefCell;

use grantway_core::{Code, message::ErrorTold};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::{Event, EventTarget};

use crate::browser::Listener;

thread_local! {
    /// What this page was told already: a poll that is kept back is tried again and again.
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Says in the console what to add, and calls `settle` where the form itself was kept back: then nothing
/// else will come.
pub(crate) fn listen(target: &EventTarget, base: &str, settle: impl Fn(ErrorTold) + 'static) -> Listener {
    let base = base.to_owned();
    let hear = move |event: Event| {
        let (Some(blocked), Some(directive)) =
            (text(&event, "blockedURI"), text(&event, "effectiveDirective"))
        else {
            return;
        };
        if !blocked.starts_with(&base) {
            return;
        }
        let words = format!("Add {base} to {directive} in the Content-Security-Policy of this page.");
        say_once(&words);
        if directive == "form-action" {
            settle(ErrorTold { message: words, ..Code::InvalidOptions.into() });
        }
    };
    Listener::on(target, "securitypolicyviolation", hear)
}

fn say_once(words: &str) {
    SAID.with_borrow_mut(|said| {
        if !said.iter().any(|one| one == words) {
            web_sys::console::error_2(&JsValue::from_str("Grantway:"), &JsValue::from_str(words));
            said.push(words.to_owned());
        }
    });
}

fn text(event: &Event, name: &str) -> Option<String> {
    Reflect::get(event, &JsValue::from_str(name)).ok()?.as_string()
}
