//! One button's settings, and what a click does with them.

use std::{rc::Rc, sync::Arc};

use grantway_core::{Code, device::Mode, message::Told};
use leptos::prelude::{GetUntracked, GetValue, RwSignal, Set, StoredValue, UpdateValue};
use send_wrapper::SendWrapper;
use wasm_bindgen_futures::spawn_local;

use crate::{
    attempt::Attempt,
    browser, device,
    event::{EventName, Handlers, Subject},
    mint::Mint,
    opener::Popup,
    pause::{pause, within},
    policy,
};

/// How long minting may take, in milliseconds.
const MINT_LIMIT: i32 = 30_000;

/// How soon a browser reports that it kept a form back, in milliseconds.
const LEAVING: i32 = 1_000;

/// One button's settings.
#[derive(Debug)]
pub(crate) struct Setup {
    base: String,
    mint: Mint,
    return_to: Option<String>,
    mode: Option<Mode>,
    stays_if_blocked: bool,
    pub(crate) handlers: Handlers,
}

/// How a button takes people away, and back.
#[derive(Debug)]
pub(crate) struct Road {
    pub(crate) return_to: Option<String>,
    pub(crate) mode: Option<Mode>,
    pub(crate) stays_if_blocked: bool,
}

/// The window that this button has open. Always empty on a server, where a button may be dropped by
/// another thread than the one that made it.
pub(crate) type Current = StoredValue<Option<SendWrapper<Rc<Attempt>>>>;

impl Setup {
    pub(crate) fn new(base_url: &str, mint: Mint, road: Road, handlers: Handlers) -> Self {
        let Road { return_to, mode, stays_if_blocked } = road;
        let base = base_url.trim_end_matches('/').to_owned();
        Self { base, mint, return_to, mode, stays_if_blocked, handlers }
    }

    /// Grantway's public URL.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where the form posts to.
    pub(crate) fn opening_url(&self) -> String {
        format!("{}/connect", self.base)
    }

    /// Where results are read.
    pub(crate) fn result_url(&self) -> String {
        format!("{}/v1/connect/result", self.base)
    }

    /// Grantway's origin, as messages from it carry it.
    pub(crate) fn origin(&self) -> Option<String> {
        web_sys::Url::new(&self.base).ok().map(|url| url.origin())
    }

    /// Asks the app for a token.
    pub(crate) async fn mint(&self) -> Result<String, Told> {
        match within(MINT_LIMIT, self.mint.begin()).await {
            Some(Ok(token)) => Ok(token),
            Some(Err(error)) => Err(Told::Error { error }),
            None => Err(Told::Error { error: Code::InvalidToken.into() }),
        }
    }
}

/// A press of the hydrated button. What needs the click (opening a window) happens before it returns.
pub(crate) fn click(setup: &Arc<Setup>, current: Current, busy: RwSignal<bool>) {
    if busy.get_untracked() {
        return;
    }
    let open = current.try_get_value().flatten();
    if let Some(attempt) = open {
        if attempt.bring_to_front() {
            return;
        }
        attempt.leave();
    }
    setup.handlers.tell(EventName::Open, &Subject::default());
    match setup.mode.unwrap_or_else(device::mode) {
        Mode::Popup => open_window(setup, current, busy),
        Mode::Redirect => redirect(setup, busy),
    }
}

/// Closes what the button has open, when its component goes away.
pub(crate) fn dispose(current: Current) {
    current.try_update_value(|attempt| {
        if let Some(attempt) = attempt.take() {
            attempt.dispose();
        }
    });
}

fn open_window(setup: &Arc<Setup>, current: Current, busy: RwSignal<bool>) {
    let opened = browser::random_secret().ok().and_then(|secret| Some((Popup::open()?, secret)));
    match opened {
        Some((popup, secret)) => {
            let attempt = Attempt::begin(Arc::clone(setup), popup, secret);
            current.try_update_value(|current| *current = Some(SendWrapper::new(attempt)));
        }
        None if setup.stays_if_blocked => {
            let blocked = Told::Error { error: Code::PopupBlocked.into() };
            setup.handlers.settle(blocked, &Subject::default());
        }
        None => {
            setup.handlers.warn(Code::PopupBlocked.into(), &Subject::default());
            redirect(setup, busy);
        }
    }
}

fn redirect(setup: &Arc<Setup>, busy: RwSignal<bool>) {
    busy.set(true);
    let setup = Arc::clone(setup);
    spawn_local(async move {
        match setup.mint().await {
            Ok(token) => leave(&setup, &token).await,
            Err(told) => {
                setup.handlers.settle(told, &Subject::default());
            }
        }
        // Also after a form was posted: Back may show this very page again.
        busy.try_set(false);
    });
}

/// Goes, unless the page's policy keeps the form back.
async fn leave(setup: &Arc<Setup>, token: &str) {
    let page = setup.return_to.clone().or_else(browser::page_url);
    let mut fields = vec![("session", token)];
    if let Some(page) = &page {
        fields.push(("return_to", page));
    }
    let stays = Arc::clone(setup);
    let settle = move |error| {
        stays.handlers.settle(Told::Error { error }, &Subject::default());
    };
    let _listening = policy::listen(&gloo_utils::window(), setup.base(), settle);
    // Firefox throws where a policy keeps the form back, and reports it later, as other browsers do.
    let _ = browser::post_form(&gloo_utils::document(), &setup.opening_url(), &fields);
    pause(LEAVING).await;
}
