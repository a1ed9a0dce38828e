//! The result that a redirect came back with: one parameter of this page's URL.
//!
//! It is taken out of the URL at once. For reloads it waits in the session's storage, tied to the page
//! it came to; the server forgets it after five minutes.

use std::{cell::Cell, sync::Arc};

use grantway_core::{
    Code,
    message::{RETURN_PARAMETER, Told},
};
use wasm_bindgen_futures::spawn_local;
use web_sys::Storage;

use crate::{
    browser::{page_url, without_result},
    event::Subject,
    pause::pause,
    setup::Setup,
    wire::{self, Answer, Unread},
};

/// Codes of results; a completion code looks different and is for the app's backend alone.
const PREFIX: &str = "gwr_";

const STORED: &str = "grantway:returned";

/// `PerformanceNavigation.TYPE_RELOAD`.
const RELOAD: u16 = 1;

/// How often an unreachable or unfinished server is asked, each a second apart.
const TRIES: usize = 10;

thread_local! {
    /// The first button of a page takes the result; a button mounted later must not tell it again.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// Tells the result that this page came back with, if it did.
pub(crate) fn deliver(setup: &Arc<Setup>) {
    if TAKEN.get() {
        return;
    }
    TAKEN.set(true);
    if let Some(code) = take_from_url() {
        remember(&code);
        spawn_local(tell(Arc::clone(setup), code, true));
    } else if let Some(code) = recall() {
        spawn_local(tell(Arc::clone(setup), code, false));
    }
}

/// `is_new` is false for a reload, which says nothing when the server has forgotten.
async fn tell(setup: Arc<Setup>, code: String, is_new: bool) {
    let (told, about) = match read(&setup, &code).await {
        Ok(Answer { result, .. }) => {
            let about = Subject {
                session_id: Some(result.session_id),
                stage: Some(result.stage),
                provider: result.provider,
            };
            (result.outcome, about)
        }
        Err(reason) => {
            forget();
            if !is_new {
                return;
            }
            let code = match reason {
                Unread::Unknown => Code::InvalidToken,
                Unread::Offline => Code::NetworkError,
            };
            (Told::Error { error: code.into() }, Subject::default())
        }
    };
    setup.handlers.settle(told, &about);
}

async fn read(setup: &Setup, code: &str) -> Result<Answer, Unread> {
    let mut last = Err(Unread::Offline);
    for _ in 0..TRIES {
        last = wire::read(&setup.result_url(), &[("code", code)], None).await;
        match &last {
            Ok(answer) if answer.result.outcome != Told::Pending => break,
            Err(Unread::Unknown) => break,
            Ok(_) | Err(Unread::Offline) => pause(1_000).await,
        }
    }
    match last {
        Ok(answer) if answer.result.outcome == Told::Pending => Err(Unread::Offline),
        told => told,
    }
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
    if let (Some(storage), Some(page)) = (storage(), page_url()) {
        let _ = storage.set_item(STORED, &format!("{code} {page}"));
    }
}

fn recall() -> Option<String> {
    let is_reload = gloo_utils::window().performance()?.navigation().type_() == RELOAD;
    let stored = storage()?.get_item(STORED).ok().flatten()?;
    let (code, page) = stored.split_once(' ')?;
    (is_reload && page_url().as_deref() == Some(page)).then(|| code.to_owned())
}

fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(STORED);
    }
}
