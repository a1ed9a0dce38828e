//! Narrows a long picker to what the person types.

use leptos::{ev::Event, prelude::*, web_sys};
use wasm_bindgen::JsCast;

/// A search field, there only when it works.
#[island]
pub fn Search() -> impl IntoView {
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));
    view! {
        <label class="search" hidden=move || !ready.get()>
            <span>"Search providers"</span>
            <input type="search" autocomplete="off" on:input=narrow />
        </label>
    }
}

fn narrow(event: Event) {
    let wanted = event_target_value(&event).trim().to_lowercase();
    let rows = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|page| page.query_selector_all(".providers > li").ok());
    let Some(rows) = rows else { return };
    for row in (0..rows.length()).filter_map(|at| rows.get(at)) {
        if let Ok(row) = row.dyn_into::<web_sys::HtmlElement>() {
            let fits = row.get_attribute("data-words").is_some_and(|words| words.contains(&wanted));
            row.set_hidden(!fits);
        }
    }
}
