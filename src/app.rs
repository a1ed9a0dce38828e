//! The document around every page, and which page belongs to which address.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::pages::{callback::CallbackPage, problem::NotFoundPage, session::SessionPage};

/// The document. Readable before, and without, any script; the islands' loader comes last.
pub fn shell(content: impl IntoView + 'static) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="robots" content="noindex" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href="/style/connect.css" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <MetaTags />
            </head>
            <body>
                {content}
                <script type="module" src="/boot.js" nonce=use_nonce()></script>
            </body>
        </html>
    }
}

/// The pages that are reached by address. The others answer a post.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/connect/callback/:registration") view=CallbackPage ssr=SsrMode::Async />
                <Route path=path!("/connect/:session") view=SessionPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
