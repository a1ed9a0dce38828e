//! The page: rendered on the server, complete without JavaScript.

use leptos::{prelude::*, reactive::owner::Owner};
use serde::Deserialize;

use crate::{
    connect::{Connect, ConnectView},
    outcome::{Outcome, OutcomeWords, scope_words},
};

/// Everything the page shows.
#[derive(Clone, Debug)]
pub struct HomeView {
    /// For the island.
    pub connect: ConnectView,
    /// What a redirect came back with, for browsers without JavaScript.
    pub returned: Option<Outcome>,
    /// What a token was just used for.
    pub used: Option<Used>,
    /// The user's connections, or why they can't be listed.
    pub connections: Result<Vec<Kept>, String>,
}

/// A connection in the list.
#[derive(Clone, Debug, Deserialize)]
pub struct Kept {
    /// Names it in calls to Grantway.
    pub grant_id: String,
    /// The provider's name.
    pub provider_name: String,
    /// What the user would recognise the account by.
    #[serde(default)]
    pub account_identifier: Option<String>,
    /// `active`, `needs_reauth` or `revoked`.
    pub status: String,
    /// Granted scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What came of "Use it". The token itself never leaves the server.
#[derive(Clone, Debug)]
pub enum Used {
    /// A fresh token is there.
    Token {
        /// For which connection.
        provider_name: String,
        /// When it ends.
        expires_at: String,
        /// What it may do.
        scopes: Vec<String>,
    },
    /// There is none.
    Failed {
        /// Grantway's words.
        message: String,
        /// Grantway's code.
        code: String,
    },
}

/// The document. Unlike `HydrationScripts` it preloads nothing: `/boot.js` fetches the WebAssembly
/// once the page is idle, and the form works until then.
pub fn shell(view: HomeView) -> impl IntoView {
    // Outside of islands nothing is hydrated; `HydrationScripts` would say so.
    if let Some(context) = Owner::current_shared_context() {
        context.set_is_hydrating(false);
    }
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>"Acme Notes"</title>
                <link rel="stylesheet" href="/style/host.css"/>
                <script type="module" src="/boot.js"></script>
            </head>
            <body>
                <Home view=view/>
            </body>
        </html>
    }
}

/// The page's content.
#[component]
fn Home(
    /// Everything the page shows.
    view: HomeView,
) -> impl IntoView {
    let HomeView { connect, returned, used, connections } = view;
    let user_id = connect.user_id.clone();
    let unreachable = connect.token.is_none();
    view! {
        <header>
            <h1>"Acme Notes"</h1>
            <p>"Signed in as " <code>{user_id}</code></p>
        </header>
        <main>
            {used.map(|used| view! { <UsedNotice used=used/> })}
            {unreachable
                .then(|| view! { <p role="alert">"Connecting is not possible just now. Try again in a moment."</p> })}
            <section aria-labelledby="connect">
                <h2 id="connect">"Connect your tools"</h2>
                <p>"Bring notes in from the services you use. You choose the account; we never see its password."</p>
                <Connect view=connect/>
                {returned
                    .map(|outcome| {
                        view! { <noscript><div class="outcome"><OutcomeWords outcome=outcome/></div></noscript> }
                    })}
            </section>
            <section aria-labelledby="connections">
                <h2 id="connections">"Your connections"</h2>
                {match connections {
                    Ok(kept) if kept.is_empty() => view! { <p>"None yet."</p> }.into_any(),
                    Ok(kept) => view! { <KeptList kept=kept/> }.into_any(),
                    Err(message) => view! { <p role="alert">{message}</p> }.into_any(),
                }}
            </section>
        </main>
    }
}

#[component]
fn KeptList(
    /// The user's connections.
    kept: Vec<Kept>,
) -> impl IntoView {
    view! {
        <ul class="connections" aria-labelledby="connections">
            {kept
                .into_iter()
                .map(|kept| {
                    let account = kept.account_identifier.unwrap_or_else(|| "account not told".to_owned());
                    view! {
                        <li>
                            <p>
                                <strong>{kept.provider_name}</strong>
                                " "
                                <span class="account">{account}</span>
                                " "
                                <span class="state">{kept.status}</span>
                            </p>
                            <p class="scopes">"Scopes: " {scope_words(&kept.scopes)}</p>
                            <form method="post" action=format!("/use/{}", kept.grant_id)>
                                <button type="submit">"Use it"</button>
                            </form>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

#[component]
fn UsedNotice(
    /// What came of it.
    used: Used,
) -> impl IntoView {
    match used {
        Used::Token { provider_name, expires_at, scopes } => view! {
            <div role="status" class="notice">
                <h2>{provider_name} " is ready to use"</h2>
                <dl>
                    <dt>"Token expires"</dt>
                    <dd>{expires_at}</dd>
                    <dt>"Token scopes"</dt>
                    <dd>{scope_words(&scopes)}</dd>
                </dl>
            </div>
        }
        .into_any(),
        Used::Failed { message, code } => view! {
            <div role="alert" class="notice">
                <h2>"The connection can't be used"</h2>
                <p>{message}</p>
                <p>"Code: " <code>{code}</code></p>
            </div>
        }
        .into_any(),
    }
}
