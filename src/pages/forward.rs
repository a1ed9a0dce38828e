//! Pages that only send the browser on. They answer with 200, because `form-action` policies, ours
//! and the host page's, follow redirects and would block one to another site.

use leptos::prelude::*;
use leptos_meta::Meta;

use crate::pages::card::Card;

/// "Taking you to GitHub…"
#[component]
pub fn ForwardPage(
    /// Whose site the browser goes to.
    #[prop(into)]
    name: String,
    /// Where exactly.
    #[prop(into)]
    url: String,
) -> impl IntoView {
    view! {
        <Meta http_equiv="refresh" content=format!("0;url={url}") />
        <Card title=format!("Taking you to {name}…")>
            <p class="quiet">"If nothing happens, "<a href=url rel="noreferrer">{format!("continue to {name}")}</a>"."</p>
        </Card>
    }
}
