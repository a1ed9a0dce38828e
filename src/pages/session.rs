//! `GET /connect/{session_id}`: the picker, the wait, the trouble or the end of this browser's session.

use grantway_core::{
    Code, ProviderId, SessionId,
    session::{Accounts, Outcome},
    view::{Choice, Shown, View, WayOut},
};
use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::use_params_map;
use url::Url;

use crate::{
    calls::validate_session,
    islands::{launcher::Launcher, search::Search},
    pages::{
        card::{BackToApp, Card, ForOpener, Logo},
        forward::ForwardPage,
        problem::ProblemPage,
    },
};

/// More providers than this get a search field.
const SEARCHED_FROM: usize = 8;

/// Of a connection that can be completed from the picker.
const LACK: &str = ". Some permissions are missing: choose it again to allow them.";

/// The session's page, whatever it shows now.
#[component]
pub fn SessionPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("session").unwrap_or_default();
    view! {
        <Suspense>
            {Suspend::new(async move {
                match validate_session(id).await {
                    Ok(view) => shown(view),
                    Err(problem) => view! { <ProblemPage problem /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

fn shown(view: View) -> AnyView {
    let View { session_id, app, theme, shown, home, is_inside_an_app, .. } = view;
    match shown {
        Shown::Pick { choices, forward, finishable } => {
            let title = match &choices[..] {
                [only] => format!("Connect {} to {app}", only.name),
                _ => format!("Connect an account to {app}"),
            };
            // Read before leaving: nothing is pressed by script here.
            let forward = forward && !is_inside_an_app;
            view! {
                <Card title theme>
                    {is_inside_an_app.then(|| view! { <InsideAnApp home /> })}
                    <Picker session_id choices forward finishable app />
                </Card>
            }
            .into_any()
        }
        Shown::Working { provider } => view! {
            <Meta http_equiv="refresh" content="1" />
            <Card title=format!("Connecting {provider}…") theme>
                <p role="status">"This takes a few seconds. You can close this page: it goes on without it."</p>
            </Card>
        }
        .into_any(),
        Shown::Trouble { provider, provider_name, code, missing, .. } if !missing.is_empty() => view! {
            <Card title=code.title() theme>
                <Missing session_id provider provider_name app missing />
            </Card>
        }
        .into_any(),
        Shown::Trouble { choices, provider, provider_name, code, accounts, .. } => view! {
            <Card title=code.title() theme>
                <Trouble session_id choices provider provider_name code app accounts />
            </Card>
        }
        .into_any(),
        Shown::Tell { origin, message, outcome } => {
            view! {
                <Card title=ending(outcome) theme>
                    <p role="status">"You can close this window."</p>
                    <ForOpener origin message />
                </Card>
            }
            .into_any()
        }
        Shown::Return { url } => view! { <ForwardPage name=app url=url.to_string() /> }.into_any(),
        Shown::Over { outcome, website } => view! {
            <Card title=ending(outcome) theme>
                <p>{format!("You can close this page, or go back to {app}.")}</p>
                {website.map(|url| view! { <BackToApp way_out=WayOut { app: app.clone(), url } /> })}
            </Card>
        }
        .into_any(),
    }
}

fn ending(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "Connected",
        Outcome::Error(code) => code.title(),
        Outcome::Exit => Code::Cancelled.title(),
    }
}

#[component]
fn Picker(
    session_id: SessionId,
    choices: Vec<Choice>,
    forward: bool,
    finishable: bool,
    app: String,
) -> impl IntoView {
    let depart = format!("/connect/{session_id}/depart");
    let searched = choices.len() >= SEARCHED_FROM;
    let lead = format!(
        "{app} will be able to use the account that you choose, as far as you allow it on the next page."
    );
    view! {
        <p>{lead}</p>
        {searched.then(|| view! { <Search /> })}
        <form method="post" action=depart data-forward=forward.then_some("once")>
            {rows(choices)}
        </form>
        {forward.then(|| view! { <Launcher /> })}
        <Leave session_id label=if finishable { "Done" } else { "Cancel" } />
    }
}

/// Providers may refuse to sign people in here, and their own browser knows their accounts better.
#[component]
fn InsideAnApp(home: Option<Url>) -> impl IntoView {
    let link = home.map(|url| {
        let place = url.host_str().unwrap_or_default().to_owned();
        view! {
            <p><a href=url.to_string() target="_blank" rel="noopener">{format!("Open {place} in your browser")}</a></p>
        }
    });
    view! {
        <div role="note" class="caution">
            <p>
                "You are inside another app. Some providers do not sign people in here, and do not know you here. "
                "If that happens, start again in your own browser."
            </p>
            {link}
        </div>
    }
}

fn rows(choices: Vec<Choice>) -> impl IntoView {
    let rows = choices.into_iter().map(|choice| {
        let lack = if choice.lacks_scopes { LACK } else { "" };
        let note = choice
            .connected
            .as_ref()
            .map(|account| view! { <small>{format!("Connected: {account}{lack}")}</small> });
        view! {
            <li data-words=choice.words>
                <button type="submit" name="provider" value=choice.provider.to_string() class="provider">
                    <Logo name=choice.name.clone() color=choice.color logo=choice.logo />
                    <span>{format!("Continue with {}", choice.name)}{note}</span>
                </button>
            </li>
        }
    });
    view! { <ul class="providers">{rows.collect_view()}</ul> }
}

#[component]
fn Trouble(
    session_id: SessionId,
    choices: Vec<Choice>,
    provider: ProviderId,
    provider_name: String,
    code: Code,
    app: String,
    accounts: Option<Accounts>,
) -> impl IntoView {
    let again = if accounts.is_some() { "Use the account from before" } else { "Try again" };
    let keep = accounts.is_some().then(|| view! { <KeepBoth session_id=session_id.clone() /> });
    let others: Vec<_> = choices.into_iter().filter(|choice| choice.provider != provider).collect();
    let others =
        (!others.is_empty()).then(|| view! { <p class="quiet">"Or choose another:"</p>{rows(others)} });
    view! {
        <p class="quiet">{provider_name}</p>
        {accounts.map(both_accounts)}
        <p>{code.advice()}</p>
        <form method="post" action=format!("/connect/{session_id}/depart")>
            <button type="submit" name="provider" value=provider.to_string()>{again}</button>
            {others}
        </form>
        {keep}
        <Leave session_id label=format!("Back to {app}") />
        <p class="quiet">"Code: "<code>{code.as_str()}</code></p>
    }
}

/// Connected, but not everything was allowed: one click goes back for the rest.
#[component]
fn Missing(
    session_id: SessionId,
    provider: ProviderId,
    provider_name: String,
    app: String,
    missing: Vec<String>,
) -> impl IntoView {
    let names = missing.into_iter().map(|scope| view! { <li><code>{scope}</code></li> });
    view! {
        <p>{format!("{provider_name} is connected, but {app} asked for more than was allowed there:")}</p>
        <ul class="scopes">{names.collect_view()}</ul>
        <p>{format!("Without this, parts of {app} may not work.")}</p>
        <form method="post" action=format!("/connect/{session_id}/depart")>
            <button type="submit" name="provider" value=provider.to_string()>
                {format!("Allow it at {provider_name}")}
            </button>
        </form>
        <Leave session_id label="Continue without it" />
        <p class="quiet">"Code: "<code>{Code::ScopesMissing.as_str()}</code></p>
    }
}

fn both_accounts(accounts: Accounts) -> impl IntoView {
    view! {
        <dl class="facts">
            <dt>"Connected before"</dt><dd>{accounts.expected}</dd>
            <dt>"Signed in now"</dt><dd>{accounts.got}</dd>
        </dl>
    }
}

#[component]
fn KeepBoth(session_id: SessionId) -> impl IntoView {
    view! {
        <form method="post" action=format!("/connect/{session_id}/keep")>
            <button type="submit" class="secondary">"Keep both accounts"</button>
        </form>
    }
}

#[component]
fn Leave(session_id: SessionId, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <form method="post" action=format!("/connect/{session_id}/leave")>
            <button type="submit" class="secondary">{label}</button>
        </form>
    }
}
