//! Reads from the browser what the device rule and the window's place need.

use grantway_core::device::{Device, Mode};
use wasm_bindgen::JsValue;

/// The window's size in CSS pixels, as the pages are laid out for.
const WIDTH: i32 = 500;
const HEIGHT: i32 = 700;

/// What this device gets. A browser that tells nothing of itself gets the redirect, which always works.
pub(crate) fn mode() -> Mode {
    let window = gloo_utils::window();
    let navigator = window.navigator();
    let (Ok(user_agent), Ok(screen)) = (navigator.user_agent(), window.screen()) else {
        return Mode::Redirect;
    };
    Device {
        user_agent: &user_agent,
        touch_points: navigator.max_touch_points(),
        coarse_pointer: window.match_media("(pointer: coarse)").ok().flatten().is_some_and(|m| m.matches()),
        screen: (screen.width().unwrap_or_default(), screen.height().unwrap_or_default()),
        window: (
            pixels(window.inner_width()).unwrap_or(1),
            pixels(window.inner_height()).unwrap_or_default(),
        ),
    }
    .mode()
}

/// `window.open`'s features for a window in the middle of this one, whichever screen it is on.
pub(crate) fn window_features() -> String {
    let window = gloo_utils::window();
    let left = middle(window.screen_x(), window.outer_width(), WIDTH);
    let top = middle(window.screen_y(), window.outer_height(), HEIGHT);
    format!("width={WIDTH},height={HEIGHT},left={left},top={top}")
}

fn middle(start: Result<JsValue, JsValue>, length: Result<JsValue, JsValue>, size: i32) -> i32 {
    match (pixels(start), pixels(length)) {
        (Some(start), Some(length)) => start + (length - size) / 2,
        _ => 0,
    }
}

fn pixels(value: Result<JsValue, JsValue>) -> Option<i32> {
    // Screens are small and whole pixels are enough; formatting a float would cost kilobytes.
    value.ok().and_then(|value| value.as_f64()).map(|value| value as i32)
}
