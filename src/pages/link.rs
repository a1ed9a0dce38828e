//! What a link shows: who asks, and for whom. Opening it changes nothing, so scanners and previews
//! do no harm; the button does.

use grantway_core::{session::Link, view::LinkView};
use leptos::prelude::*;

use crate::pages::card::Card;

/// `GET /connect?session=…`
#[component]
pub fn LinkPage(
    /// What is shown.
    view: LinkView,
    /// What the button posts.
    token: String,
) -> impl IntoView {
    let who = match &view.email {
        Some(email) => format!("{} ({email})", view.user),
        None => view.user.clone(),
    };
    let caution = match view.link {
        Link::Confirm => format!(
            "Go on only if you are {who} and started this yourself. Whoever sent you this link will be able to use the account that you connect."
        ),
        Link::Code | Link::Off => format!(
            "Sign in to {} as {who} in this browser first: {} checks it before anything is connected.",
            view.app, view.app
        ),
    };
    view! {
        <Card title=format!("Connect an account to {}?", view.app)>
            <dl class="facts">
                <dt>"App"</dt><dd>{view.app.clone()}</dd>
                <dt>"For"</dt><dd>{who}</dd>
            </dl>
            <p class="caution">{caution}</p>
            <form method="post" action="/connect/link">
                <input type="hidden" name="session" value=token />
                <button type="submit">"Yes, continue"</button>
            </form>
            <p class="quiet">"Not you? Close this page. Nothing has happened."</p>
        </Card>
    }
}
