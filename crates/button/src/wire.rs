//! The result endpoint: one simple cross-origin request, without preflight and without credentials.

use grantway_core::message::{SessionResult, Told};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, RequestCredentials, RequestInit, RequestMode, RequestRedirect, Response, UrlSearchParams,
};

/// What the endpoint told.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// The session's result, or that it is pending.
    #[serde(flatten)]
    pub(crate) result: SessionResult,
    /// What leaving now would mean; told while pending.
    #[serde(default)]
    pub(crate) if_left: Option<Told>,
}

/// Why nothing was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The server knows no such secret: not yet, or no longer.
    Unknown,
    /// The server was not reached, or is not well. Asking again may help.
    Offline,
}

/// Reads a result. Only a window's secret or a returned code opens it, never the session token.
pub(crate) async fn read(
    url: &str,
    fields: &[(&str, &str)],
    signal: Option<&AbortSignal>,
) -> Result<Answer, Unread> {
    let response = send(url, fields, signal).await.map_err(|_| Unread::Offline)?;
    match response.status() {
        200..300 => {}
        408 | 429 | 500.. => return Err(Unread::Offline),
        _ => return Err(Unread::Unknown),
    }
    let text = body(&response).await.map_err(|_| Unread::Offline)?;
    serde_json::from_str(&text).map_err(|_| Unread::Offline)
}

async fn send(url: &str, fields: &[(&str, &str)], signal: Option<&AbortSignal>) -> Result<Response, JsValue> {
    let form = UrlSearchParams::new()?;
    for (name, value) in fields {
        form.append(name, value);
    }
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_mode(RequestMode::Cors);
    request.set_credentials(RequestCredentials::Omit);
    request.set_redirect(RequestRedirect::Error);
    request.set_body_opt_url_search_params(Some(&form));
    request.set_signal(signal);
    let response = JsFuture::from(gloo_utils::window().fetch_with_str_and_init(url, &request)).await?;
    Ok(response.unchecked_into())
}

async fn body(response: &Response) -> Result<String, JsValue> {
    JsFuture::from(response.text()?).await?.as_string().ok_or(JsValue::NULL)
}

#[cfg(test)]
mod tests {
    use grantway_core::{Code, session::Stage};

    use super::*;

    #[test]
    fn a_pending_answer_carries_what_leaving_would_mean() {
        let answer: Answer = serde_json::from_str(
            r#"{"session_id":"cs_0123456789abcdefghijkl","stage":"troubled","provider":"github","status":"pending",
                "if_left":{"status":"error","error":{"code":"access_denied","message":"You declined access."}}}"#,
        )
        .unwrap();

        assert_eq!((answer.result.stage, answer.result.outcome), (Stage::Troubled, Told::Pending));
        assert!(matches!(answer.if_left, Some(Told::Error { error }) if error.code == Code::AccessDenied));
    }

    #[test]
    fn a_success_is_read_with_its_connections() {
        let connection = r#"{"grant_id":"67e55044-10b1-426f-9247-bb680e5fe0c8","provider":"github","provider_name":"GitHub",
            "account_identifier":"ann","account":{"id":"1","email":null,"name":null,"handle":"ann"},"user":{"id":"u"},
            "scopes":["repo"],"scopes_missing":[],"status":"active","operation":"creation",
            "timestamp":"2026-11-22T10:00:00Z","metadata":{}}"#;
        let text = format!(
            r#"{{"session_id":"cs_0123456789abcdefghijkl","stage":"finished","provider":"github","status":"success",
                "connection":{connection},"connections":[{connection}],"user":{{"id":"u"}}}}"#
        );

        let answer: Answer = serde_json::from_str(&text).unwrap();

        assert!(matches!(answer.result.outcome, Told::Success { connections, .. } if connections.len() == 1));
    }
}
