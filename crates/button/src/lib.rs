//! The Connect button for Leptos apps: `<ConnectButton/>`.
//!
//! It is a form first: without JavaScript it posts a token that was rendered into it and the whole
//! page goes to Grantway. Hydrated, each click mints a token of its own and opens a window where the
//! device has room for one. Whatever road the result takes, one click settles once.
//!
//! The one rule: everything that touches a browser runs in an effect or an event handler, so that the
//! same code compiles into SSR, hydrated, islands and CSR apps without a feature of its own.
//!
//! ```
//! use grantway_button::{ConnectButton, Connection, ErrorTold};
//! use leptos::prelude::*;
//!
//! /// Asks your own backend, which mints for the user of its own cookie.
//! async fn mint() -> Result<String, String> {
//!     Err("network_error".to_owned())
//! }
//!
//! #[component]
//! fn Accounts() -> impl IntoView {
//!     let words = RwSignal::new(String::new());
//!     let on_success = move |connection: Connection, _all: Vec<Connection>| words.set(connection.provider_name);
//!     view! {
//!         <ConnectButton
//!             base_url="https://connect.acme.com"
//!             mint=mint
//!             on_success=on_success
//!             on_error=move |error: ErrorTold| words.set(error.message)
//!         >
//!             "Connect an account"
//!         </ConnectButton>
//!         <p role="status">{words}</p>
//!     }
//! }
//! ```

mod attempt;
mod browser;
mod device;
mod event;
mod exit;
mod mint;
mod opener;
mod pause;
mod policy;
mod returned;
mod setup;
mod wire;

use std::sync::Arc;

pub use event::{Event, EventName, ExitTold};
pub use grantway_core::{
    Code, GrantId, ProviderId, SessionId,
    device::Mode,
    grant::{Account, Connection, GrantStatus, Operation, User},
    message::{ErrorTold, RETURN_PARAMETER, SessionResult, Told},
    session::Stage,
};
use leptos::prelude::*;
pub use mint::Mint;

use crate::{
    event::Handlers,
    setup::{Current, Road, Setup},
};

/// A button that connects an account through Grantway.
///
/// The form carries `data-grantway="ready"` once it is hydrated. A button without a rendered `token`
/// stays disabled until then, as it would have nothing to post.
#[component]
pub fn ConnectButton(
    /// Grantway's public URL, such as `https://connect.acme.com`.
    #[prop(into)]
    base_url: String,
    /// Called on each click of a hydrated button: an async function that asks your backend for a
    /// session token. An error that is one of the codes (`network_error`) is told as such, anything
    /// else as `invalid_token` with its text.
    #[prop(into)]
    mint: Mint,
    /// A token for the road without JavaScript. Mint it at render with `expires_in: 3600` and send the
    /// page with `Cache-Control: no-store`.
    #[prop(optional_no_strip, into)]
    token: Option<String>,
    /// The page to come back to after a redirect, at the session's allowed origin. Hydrated, the
    /// default is the page that the button is on.
    #[prop(optional_no_strip, into)]
    return_to: Option<String>,
    /// Forces a window or a redirect; otherwise the device decides.
    #[prop(optional_no_strip, into)]
    mode: Option<Mode>,
    /// Tells a blocked window as an error, instead of going on by redirect.
    #[prop(optional)]
    stay_if_blocked: bool,
    /// A class for the button element.
    #[prop(optional, into)]
    class: String,
    /// The connection just made, and all of the session's.
    #[prop(optional, into)]
    on_success: Option<Callback<(Connection, Vec<Connection>)>>,
    /// The same, after the click was already settled by an exit: a provider's page had cut the window off,
    /// and the person went on in it after all.
    #[prop(optional, into)]
    on_late_success: Option<Callback<(Connection, Vec<Connection>)>>,
    /// Why nothing was connected.
    #[prop(optional, into)]
    on_error: Option<Callback<ErrorTold>>,
    /// The person left, and how far they had come.
    #[prop(optional, into)]
    on_exit: Option<Callback<ExitTold>>,
    /// Everything on the way, for logs and analytics.
    #[prop(optional, into)]
    on_event: Option<Callback<Event>>,
    /// The button's words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let handlers = Handlers { on_success, on_late_success, on_error, on_exit, on_event };
    let has_token = token.is_some();
    let road = Road { return_to: return_to.clone(), mode, stays_if_blocked: stay_if_blocked };
    let setup = Arc::new(Setup::new(&base_url, mint, road, handlers));
    let action = setup.opening_url();
    let current: Current = StoredValue::new(None);
    let ready = RwSignal::new(false);
    let busy = RwSignal::new(false);

    let on_mount = Arc::clone(&setup);
    Effect::new(move |_| {
        ready.set(true);
        returned::deliver(&on_mount);
    });
    on_cleanup(move || setup::dispose(current));

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        setup::click(&setup, current, busy);
    };
    view! {
        <form
            method="post"
            action=action
            autocomplete="off"
            data-grantway=move || if ready.get() { "ready" } else { "waiting" }
            on:submit=submit
        >
            {token.map(|token| view! { <input type="hidden" name="session" value=token/> })}
            {return_to.map(|page| view! { <input type="hidden" name="return_to" value=page/> })}
            <button
                type="submit"
                class=class
                disabled=move || !has_token && !ready.get()
                aria-busy=move || busy.get().then_some("true")
            >
                {children.map_or_else(|| "Connect an account".into_any(), |children| children())}
            </button>
        </form>
    }
}
