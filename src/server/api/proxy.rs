//! `/v1/grants/{grant_id}/proxy/{path}`

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Uri, header::CONTENT_SECURITY_POLICY},
    response::Response,
};
use grantway_core::Code;
use grantway_engine::BrokenOff;
use grantway_service::ProxyCall;
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};

use crate::server::{api::auth::Scope, problem::ApiError, state::AppState};

/// A call may upload a file: 1 GiB, in bytes.
const LARGEST_BODY: usize = 1024 * 1024 * 1024;

/// Chooses one of the provider's API hosts.
const GRANTWAY_HOST: HeaderName = HeaderName::from_static("grantway-host");
/// Tells an answer of the provider's from one of ours.
pub(crate) const GRANTWAY_UPSTREAM: HeaderName = HeaderName::from_static("grantway-upstream");

/// `ANY /v1/grants/{grant_id}/proxy/{path}`: the provider's answer, whatever its status.
pub async fn call(
    State(state): State<AppState>,
    scope: Scope,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return Err(ApiError::new(Code::BodyTooLarge, format!("at most {LARGEST_BODY} bytes are passed on")));
    }
    let (id, path) = grant_and_path(&parts.uri);
    let id = scope.grant(&state, id).await?;
    let host = parts.headers.get(GRANTWAY_HOST).map(|host| host.to_str().unwrap_or_default().to_owned());
    let call = ProxyCall {
        method: parts.method,
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        host,
        headers: parts.headers,
        body: Limited::new(body, LARGEST_BODY).map_err(|_| BrokenOff).boxed_unsync(),
    };
    let answer = state.service.proxy(&scope.app, id, call).await?;
    let mut answer = answer.map(Body::new);
    let headers = answer.headers_mut();
    // What a provider answers is data: no browser may run it on our origin.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(GRANTWAY_UPSTREAM, HeaderValue::from_static("true"));
    Ok(answer)
}

/// As written: a decoded path would be another one.
fn grant_and_path(uri: &Uri) -> (&str, &str) {
    let below = uri.path().strip_prefix("/v1/grants/").unwrap_or_default();
    below.split_once("/proxy/").unwrap_or_default()
}
