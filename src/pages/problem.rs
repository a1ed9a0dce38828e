//! What a person sees when it can't go on: what happened, then what to do.

use grantway_core::Code;
use leptos::prelude::*;

use crate::{
    calls::Problem,
    pages::card::{BackToApp, Card, ForOpener},
};

/// A refusal.
#[component]
pub fn ProblemPage(
    /// Which.
    problem: Problem,
) -> impl IntoView {
    let Problem { code, way_out, origins, opener } = problem;
    let is_for_developers = origins.is_some();
    let for_developers = origins.map(|origins| {
        view! {
            <details class="developers" open>
                <summary>"For the app's developer"</summary>
                <p>"The session was minted for "<code>{origins.allowed}</code>", but "<code>{origins.got.clone()}</code>" opened it."</p>
                <p>{advice(&origins.got)}</p>
            </details>
        }
    });
    view! {
        <Card title=code.title()>
            <p>{code.advice()}</p>
            {for_developers}
            {way_out.map(|way_out| view! { <BackToApp way_out=*way_out /> })}
            <p class="quiet">"Code: "<code>{code.as_str()}</code></p>
            // A developer reads on; anyone else is back at the app, which knows what to say.
            {opener.map(|opener| view! { <ForOpener origin=opener.origin message=opener.message stays=is_for_developers /> })}
        </Card>
    }
}

fn advice(got: &str) -> &'static str {
    match got {
        "null" => {
            "The page sends no origin. If it has Referrer-Policy: no-referrer, send strict-origin instead, or open a popup."
        }
        "none" => {
            "The request carried no Origin header: open the session by a form post from a page, not from a server."
        }
        "a link" => "Mint the session with link set to code or confirm if people may open it by a link.",
        _ => {
            "Mint the session with allowed_origin set to the page's own origin, or press the button on the right page."
        }
    }
}

/// No page has this address.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <ProblemPage problem=Code::NotFound.into() /> }
}
