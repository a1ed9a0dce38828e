//! Where a provider sends the browser back to: takes the answer, then shows the session's page.

use leptos::{either::Either, prelude::*};
use leptos_router::{
    components::Redirect,
    hooks::{use_params_map, use_url},
};

use crate::{calls::exchange, pages::problem::ProblemPage};

/// `GET /connect/callback/{registration}`
#[component]
pub fn CallbackPage() -> impl IntoView {
    let registration = use_params_map().read_untracked().get("registration").unwrap_or_default();
    let query = use_url().read_untracked().search().to_owned();
    let arrival = exchange(registration, query);
    view! {
        <Suspense>
            {Suspend::new(async move {
                match arrival.await {
                    Ok(session) => Either::Left(view! { <Redirect path=format!("/connect/{session}") /> }),
                    Err(problem) => Either::Right(view! { <ProblemPage problem /> }),
                }
            })}
        </Suspense>
    }
}
