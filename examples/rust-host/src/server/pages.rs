//! The handlers.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grantway_button::Mode;
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use serde::Deserialize;
use url::form_urlencoded;

use crate::{
    connect::{ConnectView, Minted, Refused, Wish},
    home::{HomeView, Used, shell},
    outcome::Outcome,
    server::{
        Host,
        grantway::{GrantwayError, MintFor},
        guard,
        visitor::Visitor,
    },
};

/// A form that waits in a page is good for an hour.
const FORM_SECONDS: u32 = 3600;

/// The page's own parameters, for trying things out; and the one that Grantway adds.
#[derive(Debug, Default, Deserialize)]
pub(super) struct HomeQuery {
    provider: Option<String>,
    mode: Option<String>,
    multiple: Option<String>,
    grantway: Option<String>,
}

impl HomeQuery {
    fn wish(&self) -> Wish {
        Wish { provider: self.provider.clone(), multiple: self.multiple.as_deref() == Some("1") }
    }

    fn forced_mode(&self) -> Option<Mode> {
        match self.mode.as_deref() {
            Some("popup") => Some(Mode::Popup),
            Some("redirect") => Some(Mode::Redirect),
            _ => None,
        }
    }

    /// This page again, without a result.
    fn here(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            [("provider", &self.provider), ("mode", &self.mode), ("multiple", &self.multiple)]
        {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }
}

/// `GET /`
pub(super) async fn home(
    State(host): State<Arc<Host>>,
    Query(query): Query<HomeQuery>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let visitor = Visitor::of(&headers);
    let returned = match &query.grantway {
        Some(code) => returned(&host, code, &visitor).await,
        None => None,
    };
    let view = view(&host, &query, &visitor).await;
    render(&host, &visitor, HomeView { returned, ..view }, request).await
}

/// `POST /use/{grant_id}`: gets a fresh token and shows what is known of it.
pub(super) async fn use_grant(
    State(host): State<Arc<Host>>,
    Path(grant_id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    if !guard::is_from_our_page(&headers, &host.public_url) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let visitor = Visitor::of(&headers);
    let view = view(&host, &HomeQuery::default(), &visitor).await;
    let used = used(&host, &view, &grant_id).await;
    render(&host, &visitor, HomeView { used: Some(used), ..view }, request).await
}

/// `POST /api/session`: a session token for the user of the cookie.
pub(super) async fn mint(
    State(host): State<Arc<Host>>,
    headers: HeaderMap,
    Json(wish): Json<Wish>,
) -> Response {
    if !guard::is_from_our_page(&headers, &host.public_url) {
        return refused(StatusCode::FORBIDDEN, "cross_site");
    }
    let Some(visitor) = Visitor::known(&headers) else {
        return refused(StatusCode::UNAUTHORIZED, "invalid_token");
    };
    match mint_for(&host, &visitor, &wish, None).await {
        Ok(token) => Json(Minted { token }).into_response(),
        Err(error) => refused(StatusCode::BAD_GATEWAY, error.code()),
    }
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, Json(Refused { code: code.to_owned() })).into_response()
}

async fn mint_for(
    host: &Host,
    visitor: &Visitor,
    wish: &Wish,
    expires_in: Option<u32>,
) -> Result<String, GrantwayError> {
    let terms = MintFor { user_id: &visitor.id, public_url: &host.public_url, wish, expires_in };
    host.grantway.mint(terms).await
}

async fn view(host: &Host, query: &HomeQuery, visitor: &Visitor) -> HomeView {
    let wish = query.wish();
    let connections = host.grantway.connections(&visitor.id).await;
    let token = mint_for(host, visitor, &wish, Some(FORM_SECONDS)).await;
    HomeView {
        connect: ConnectView {
            grantway_url: host.grantway_url.clone(),
            user_id: visitor.id.clone(),
            token: token.ok(),
            return_to: format!("{}{}", host.public_url, query.here()),
            mode: query.forced_mode(),
            wish,
            here: query.here(),
        },
        returned: None,
        used: None,
        connections: connections.map_err(|error| error.to_string()),
    }
}

/// With JavaScript the button reads the result itself; this is what the page shows without.
async fn returned(host: &Host, code: &str, visitor: &Visitor) -> Option<Outcome> {
    let result = host.grantway.result(code).await.ok()?;
    Outcome::told(result.outcome, &visitor.id)
}

/// The API key opens every user's grants: that this one is the visitor's is for this app to check.
async fn used(host: &Host, view: &HomeView, grant_id: &str) -> Used {
    let kept = view.connections.iter().flatten().find(|kept| kept.grant_id == grant_id);
    let Some(kept) = kept else {
        return Used::Failed {
            message: "It is not one of yours.".to_owned(),
            code: "grant_not_found".to_owned(),
        };
    };
    match host.grantway.token(&kept.grant_id).await {
        Ok(token) => Used::Token {
            provider_name: kept.provider_name.clone(),
            expires_at: token.expiry(),
            scopes: token.scopes,
        },
        Err(error) => Used::Failed { message: error.to_string(), code: error.code().to_owned() },
    }
}

async fn render(host: &Host, visitor: &Visitor, view: HomeView, request: Request<Body>) -> Response {
    let grantway_url = host.grantway_url.clone();
    let with_policy = move || {
        let policy = guard::policy(&grantway_url, use_nonce().as_deref());
        if let (Some(options), Ok(policy)) = (use_context::<ResponseOptions>(), HeaderValue::try_from(policy))
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let handler = render_app_async_with_context(with_policy, move || shell(view.clone()));
    let mut response = handler(request).await;
    if let Some(cookie) = visitor.cookie(&host.public_url) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
