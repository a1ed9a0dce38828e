//! `POST /v1/connect/result`: a form body, so that a page's request needs no preflight. Readable in a
//! browser by the session's own origin alone.

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, ORIGIN, VARY},
    },
    response::{IntoResponse, Response},
};
use grantway_core::{Code, KeyScope, Origin, Secret, session::Stage};
use grantway_service::{Patience, Polled, ResultKey, ServiceError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::server::{api::auth::authorize, problem::ApiError, state::AppState};

/// One of `poll` and `code`.
#[derive(Deserialize, ToSchema)]
pub struct ResultForm {
    /// The page's own secret.
    #[schema(value_type = Option<String>)]
    poll: Option<Secret>,
    /// The parameter of `return_url`.
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
    /// Seconds to wait for news, at most 25.
    #[serde(default)]
    wait: u64,
    /// The stage that is known.
    stage: Option<Stage>,
    /// Any value: the page has told what the `code` stands for.
    told: Option<String>,
}

/// Read a session's result: its page by `poll` or `code`, the app's backend by `code` and its API key.
#[utoipa::path(
    post, path = "/v1/connect/result", tag = "sessions", operation_id = "result",
    request_body(content = ResultForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The result", body = Polled), (status = 204, description = "Nothing new"))
)]
pub async fn read(
    State(state): State<AppState>,
    headers: HeaderMap,
    form: Result<Form<ResultForm>, FormRejection>,
) -> Response {
    let answer = match form {
        Ok(Form(form)) => answer(&state, &headers, form).await,
        Err(error) => Err(ApiError::new(Code::InvalidRequest, error.body_text())),
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    response
}

async fn answer(state: &AppState, headers: &HeaderMap, form: ResultForm) -> Result<Response, ApiError> {
    if headers.contains_key(AUTHORIZATION) {
        return for_backend(state, headers, form).await;
    }
    let key = match (form.poll, form.code) {
        (Some(poll), None) => ResultKey::Poll(poll),
        (None, Some(code)) => ResultKey::Return(code),
        _ => return Err(ApiError::new(Code::InvalidRequest, "send either `poll` or `code`")),
    };
    let from = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let polled = match state.service.result(&key, Patience { seconds: form.wait, seen: form.stage }).await {
        Ok(Some(polled)) => polled,
        // Tells nothing but that there is a session, to who has its key.
        Ok(None) => return Ok(readable_by_all(StatusCode::NO_CONTENT)),
        Err(error @ ServiceError::Token(_)) => return Ok(readable_by_all(ApiError::from(error))),
        Err(error) => return Err(error.into()),
    };
    if from != Some(polled.origin.as_str()) {
        let got = from.unwrap_or("none").to_owned();
        return Err(ServiceError::Origin { allowed: polled.origin, got }.into());
    }
    let origin = polled.origin.clone();
    let answer = match key {
        ResultKey::Return(code) if form.told.is_some() => {
            state.service.forget_return(&code).await?;
            StatusCode::NO_CONTENT.into_response()
        }
        _ => Json(polled).into_response(),
    };
    Ok(readable_by(&origin, answer))
}

async fn for_backend(state: &AppState, headers: &HeaderMap, form: ResultForm) -> Result<Response, ApiError> {
    let app = authorize(state, headers, KeyScope::Mint).await?.app;
    let code = form
        .code
        .ok_or_else(|| ApiError::new(Code::InvalidRequest, "send `code`, the parameter of `return_url`"))?;
    Ok(Json(state.service.result_for_backend(&app, &code).await?).into_response())
}

/// A key that reads nothing has no session, so no origin: the refusal tells nothing, and the widget
/// must be able to tell it from a broken connection.
fn readable_by_all(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn readable_by(origin: &Origin, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(origin.as_str()) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    response
}
