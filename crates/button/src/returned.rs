//! The result that a redirect came back with: one parameter of this page's URL, taken out at once.
//!
//! It waits in the session's storage until it was told, so that a reload before that loses nothing. What
//! it stands for is read from the server; a code that the server does not know gives nothing.

use std::{cell::Cell, sync::Arc};

use grantway_core::message::RETURN_PARAMETER;
use wasm_bindgen_futures::spawn_local;
use web_sys::Storage;

use crate::{
    browser::without_result,
    pause::pause,
    setup::Setup,
    wire::{self, Read},
};

/// Codes of results; a completion code looks different and is for the app's backend alone.
const PREFIX: &str = "gwr_";

const STORED: &str = "grantway";

/// How often a server that is not reached is asked, in milliseconds.
const PACE: i32 = 2_000;

thread_local! {
    /// A button of this page has the result in hand, or has told it: no other may tell it again.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// Tells the result that this page came back with, if it did.
pub(crate) fn deliver(setup: &Arc<Setup>) {
    if TAKEN.replace(true) {
        return;
    }
    let code = take_from_url();
    if let Some(code) = &code {
        remember(code);
    }
    if let Some(code) = code.or_else(recall) {
        spawn_local(tell(Arc::clone(setup), code));
    }
}

async fn tell(setup: Arc<Setup>, code: String) {
    let answer = loop {
        match wire::read(&setup.result_url(), &[("code", &code)], None).await {
            Read::Told(answer) => break Some(answer),
            Read::Unknown => break None,
            Read::Nothing => pause(PACE).await,
        }
    };
    let Some(answer) = answer else { return forget() };
    if !setup.handlers.settle(answer.outcome, &answer.about.unwrap_or_default()) {
        // Nobody listens here: a button that is mounted later may, also after a reload.
        return TAKEN.set(false);
    }
    forget();
    // A copy of this address gives nothing from now on.
    wire::read(&setup.result_url(), &[("code", &code), ("told", "1")], None).await;
}

/// Takes the code out of the URL, so that it is neither bookmarked nor sent on.
fn take_from_url() -> Option<String> {
    let window = gloo_utils::window();
    let location = window.location();
    let search = location.search().ok()?;
    let code = web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(RETURN_PARAMETER)?;
    if !code.starts_with(PREFIX) {
        return None;
    }
    let hash = location.hash().unwrap_or_default();
    let path = location.pathname().ok()?;
    let clean = format!("{path}{}{hash}", without_result(&search));
    if let Ok(history) = window.history() {
        let state = history.state().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(&clean));
    }
    Some(code)
}

/// A browser may refuse storage; then a reload shows nothing, and that is all.
fn storage() -> Option<Storage> {
    gloo_utils::window().session_storage().ok().flatten()
}

fn remember(code: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(STORED, code);
    }
}

fn recall() -> Option<String> {
    storage()?.get_item(STORED).ok().flatten()
}

fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(STORED);
    }
}
