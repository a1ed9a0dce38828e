//! Acme Notes, rendered in the browser: connects an account, uses it, and connects the same grant again when
//! its credential is dead. Any backend serves it (`examples/backend-node`, `examples/backend-python`).

mod api;

use grantway_button::{ConnectButton, Connection, ErrorTold, ExitTold, Operation};
use leptos::{prelude::*, task::spawn_local};

use crate::api::Listed;

/// Takes the page's body.
#[cfg(feature = "csr")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    leptos::mount::mount_to_body(|| view! { <App/> });
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    let said = RwSignal::new(String::new());
    let connections = RwSignal::new(Vec::<Listed>::new());
    // The grant that has to be connected again.
    let dead = RwSignal::new(None::<String>);
    let refresh = move || async move { connections.set(api::connections().await.unwrap_or_default()) };
    spawn_local(refresh());

    let connected = move |connection: Connection, _all: Vec<Connection>| {
        dead.set(None);
        spawn_local(async move {
            refresh().await;
            said.set(connections.with_untracked(|connections| words_for(&connection, connections)));
        });
    };
    let used = move |grant_id: String| {
        spawn_local(async move {
            let answer = api::use_connection(&grant_id).await.unwrap_or_default();
            if answer.code.as_deref() == Some("credential_revoked") {
                dead.set(Some(grant_id));
            }
            let works_as = answer.works_as.map(|name| format!("Works as {name}"));
            said.set(works_as.or(answer.detail).unwrap_or_default());
        });
    };
    let button = move |grant_id: Option<String>, label: &'static str| {
        view! {
            <ConnectButton
                base_url=api::grantway_url()
                mint=move || api::mint(grant_id.clone())
                on_success=connected
                on_late_success=connected
                on_error=move |error: ErrorTold| said.set(format!("Nothing was connected: {}", error.message))
                on_exit=move |_: ExitTold| said.set("You left before anything was connected".to_owned())
            >
                {label}
            </ConnectButton>
        }
    };
    let row = move |listed: Listed| {
        let Listed { grant_id, provider_name, account_identifier } = listed;
        let (pressed, shown) = (grant_id.clone(), grant_id.clone());
        view! {
            <li>
                {provider_name} " " {account_identifier} " "
                <button type="button" on:click=move |_| used(pressed.clone())>"Use it"</button>
                {move || (dead.get().as_ref() == Some(&shown)).then(|| button(Some(shown.clone()), "Reconnect"))}
            </li>
        }
    };

    view! {
        <h1>"Acme Notes (Leptos)"</h1>
        {button(None, "Connect an account")}
        <p role="status">{said}</p>
        <h2 id="connections">"Your connections"</h2>
        <ul aria-labelledby="connections">
            <For each=move || connections.get() key=|listed| listed.grant_id.clone() children=row/>
        </ul>
    }
}

/// Anyone can finish a session of their own and send its link: what counts is what the backend lists for
/// this user.
fn words_for(connection: &Connection, connections: &[Listed]) -> String {
    let grant_id = connection.grant_id.to_string();
    if !connections.iter().any(|listed| listed.grant_id == grant_id) {
        return "This connection belongs to another user".to_owned();
    }
    let done = match connection.operation {
        Operation::Creation => "Connected",
        Operation::Reauth => "Reconnected",
    };
    let account = connection.account_identifier.as_deref().unwrap_or("an account");
    format!("{done} {} as {account}", connection.provider_name)
}
