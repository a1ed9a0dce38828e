//! The island with the Connect button: the only code of this app that becomes WebAssembly.
#![expect(missing_docs, reason = "`#[island]` makes a struct of its own for the properties")]

use gloo_net::http::Request;
use grantway_button::{ConnectButton, Connection, ErrorTold, Event, ExitTold, Mode};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, OutcomeWords};

/// What the island needs, from the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectView {
    /// Grantway's public URL.
    pub grantway_url: String,
    /// The signed-in user, to compare with a result's.
    pub user_id: String,
    /// For the form, when JavaScript is off. Missing when Grantway could not be reached.
    pub token: Option<String>,
    /// Where a redirect comes back to.
    pub return_to: String,
    /// Forces a window or a redirect.
    pub mode: Option<Mode>,
    /// What to mint on each click.
    pub wish: Wish,
    /// This page again, with what it lists brought up to date.
    pub here: String,
}

/// What the browser may ask of a session. Never whom it is for: that is the cookie's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Offer this provider only.
    #[serde(default)]
    pub provider: Option<String>,
    /// Several providers in one go.
    #[serde(default)]
    pub multiple: bool,
}

/// What `POST /api/session` answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Minted {
    /// For the browser, for a few minutes.
    pub token: String,
}

/// What it answers when it can't.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    /// One of Grantway's codes.
    pub code: String,
}

/// The button, and what came of it.
#[island]
pub fn Connect(
    /// From the server.
    view: ConnectView,
) -> impl IntoView {
    let ConnectView { grantway_url, user_id, token, return_to, mode, wish, here } = view;
    let outcome = RwSignal::new(None);
    let events = RwSignal::new(Vec::new());
    let on_success = move |connection: Connection, _all: Vec<Connection>| {
        outcome.set(Some(Outcome::connected(connection, &user_id)));
    };

    view! {
        <ConnectButton
            base_url=grantway_url
            mint=move || mint(wish.clone())
            token=token
            return_to=return_to
            mode=mode
            class="primary"
            on_success=on_success
            on_error=move |error: ErrorTold| outcome.set(Some(Outcome::Failed(error)))
            on_exit=move |exit: ExitTold| outcome.set(Some(Outcome::Left(exit)))
            on_event=move |event: Event| events.update(|lines| lines.push(event_line(&event)))
        >
            "Connect an account"
        </ConnectButton>
        <div role="status" class="outcome">
            {move || {
                outcome
                    .get()
                    .map(|outcome| {
                        view! {
                            <OutcomeWords outcome=outcome/>
                            <p><a href=here.clone()>"Refresh your connections"</a></p>
                        }
                    })
            }}
        </div>
        <details>
            <summary>"Events"</summary>
            <ol class="events">
                {move || events.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
            </ol>
        </details>
    }
}

/// Asks this app's own backend, which knows the user by its cookie.
async fn mint(wish: Wish) -> Result<String, String> {
    let unreachable = |_| "network_error".to_owned();
    let request = Request::post("/api/session").json(&wish).map_err(|error| error.to_string())?;
    let response = request.send().await.map_err(unreachable)?;
    if response.ok() {
        return response.json::<Minted>().await.map(|minted| minted.token).map_err(unreachable);
    }
    Err(response.json::<Refused>().await.map(|refused| refused.code).unwrap_or_default())
}

fn event_line(event: &Event) -> String {
    let code = event.error.as_ref().map(|error| format!(" {}", error.code)).unwrap_or_default();
    let provider = event.provider.as_ref().map(|provider| format!(" {provider}")).unwrap_or_default();
    let late = if event.late { " (late)" } else { "" };
    format!("{}{provider}{code}{late}", event.name.as_str())
}
