//! The app's own backend.

use gloo_net::http::{Request, Response};
use leptos::prelude::document;
use serde::{Deserialize, Serialize};

/// One of the user's connections.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) grant_id: String,
    pub(crate) provider_name: String,
    pub(crate) account_identifier: Option<String>,
}

/// What the provider says of the account, or the problem.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Used {
    pub(crate) works_as: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
}

#[derive(Serialize)]
struct Wish<'a> {
    grant_id: Option<&'a str>,
}

#[derive(Deserialize)]
struct Minted {
    session_token: String,
}

/// Grantway's public URL, as the backend wrote it into the page.
pub(crate) fn grantway_url() -> String {
    let told = document().query_selector("meta[name=grantway]").ok().flatten();
    told.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

/// A session token for a new account or, with a grant's id, for exactly that one.
pub(crate) async fn mint(grant_id: Option<String>) -> Result<String, String> {
    let response = post("/api/connect", grant_id.as_deref()).await.map_err(|error| error.to_string())?;
    if response.ok() {
        let minted: Minted = response.json().await.map_err(|error| error.to_string())?;
        return Ok(minted.session_token);
    }
    let problem: Used = response.json().await.unwrap_or_default();
    Err(problem.code.unwrap_or_default())
}

/// The user's connections.
pub(crate) async fn connections() -> Result<Vec<Listed>, gloo_net::Error> {
    Request::get("/api/connections").send().await?.json().await
}

/// Calls the provider.
pub(crate) async fn use_connection(grant_id: &str) -> Result<Used, gloo_net::Error> {
    post("/api/use", Some(grant_id)).await?.json().await
}

async fn post(path: &str, grant_id: Option<&str>) -> Result<Response, gloo_net::Error> {
    Request::post(path).json(&Wish { grant_id })?.send().await
}
