//! The frame that all pages share.

use grantway_core::{Origin, session::Theme, view::WayOut};
use leptos::{either::Either, prelude::*};
use leptos_meta::{Html, Title};
use serde::Serialize;

use crate::islands::herald::Herald;

/// A page's title, look and language, with its content in the middle of the window.
#[component]
pub fn Card(
    /// The document's title and the page's heading.
    #[prop(into)]
    title: String,
    /// The app's look for it; otherwise the browser's.
    #[prop(optional_no_strip)]
    theme: Option<Theme>,
    /// What is on it.
    children: Children,
) -> impl IntoView {
    let theme = theme.map(|theme| match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    });
    view! {
        <Html attr:data-theme=theme />
        <Title text=title.clone() />
        <main class="card">
            <h1>{title}</h1>
            {children()}
        </main>
    }
}

/// For [`Herald`]: what it tells the opener, and whether the window then closes itself.
#[component]
pub fn ForOpener<T: Serialize>(
    /// The one origin that may hear it.
    origin: Origin,
    /// What it hears.
    message: T,
    /// Whether there is something to read for a person.
    #[prop(optional)]
    stays: bool,
) -> impl IntoView {
    let message = serde_json::to_string(&message).unwrap_or_default();
    view! {
        <div id="result" data-origin=origin.to_string() data-message=message data-stays=stays></div>
        <Herald />
    }
}

/// The one action of a page that can only send people back.
#[component]
pub fn BackToApp(
    /// Where to.
    way_out: WayOut,
) -> impl IntoView {
    view! { <a class="button" href=way_out.url.to_string()>{format!("Back to {}", way_out.app)}</a> }
}

/// A provider's logo, loaded when it comes into view; a monogram where there is none.
#[component]
pub fn Logo(
    /// The provider's name.
    #[prop(into)]
    name: String,
    /// `#rrggbb`, behind the monogram.
    #[prop(optional_no_strip)]
    color: Option<String>,
    /// The file, without folder and ending.
    #[prop(optional_no_strip)]
    logo: Option<String>,
) -> impl IntoView {
    match logo {
        Some(logo) => Either::Left(view! {
            <img class="logo" src=format!("/logos/{logo}.svg") width="32" height="32" loading="lazy" decoding="async" alt="" />
        }),
        None => Either::Right(view! { <Monogram name color /> }),
    }
}

/// A provider's monogram in its colour. The colour comes from a validated catalog, the style from a
/// presentation attribute, which needs no exception in the content security policy.
#[component]
fn Monogram(
    /// The provider's name.
    #[prop(into)]
    name: String,
    /// `#rrggbb`.
    #[prop(optional_no_strip)]
    color: Option<String>,
) -> impl IntoView {
    let letter = name.chars().next().unwrap_or('•').to_uppercase().to_string();
    let color = color.unwrap_or_else(|| "#5b6472".to_owned());
    let ink = if is_light(&color) { "#111" } else { "#fff" };
    view! {
        <svg class="monogram" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill=color />
            <text x="16" y="21.5" text-anchor="middle" font-size="16" font-weight="600" fill=ink>{letter}</text>
        </svg>
    }
}

/// Perceived brightness of `#rrggbb` above a half (ITU-R BT.601 luma): dark ink reads better on it.
fn is_light(color: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        color.get(range).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0)
    };
    part(1..3) * 299 + part(3..5) * 587 + part(5..7) * 114 > 130_000
}
