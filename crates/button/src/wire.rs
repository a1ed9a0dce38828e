//! The result endpoint: one simple cross-origin request, without preflight and without credentials.

use grantway_core::{
    SessionId,
    grant::{Connection, User},
    message::{ErrorTold, MESSAGE_TYPE, SessionResult, Told},
    session::Stage,
};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, RequestCredentials, RequestInit, RequestMode, RequestRedirect, Response, UrlSearchParams,
};

/// What the server told.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The session's result, or that it is pending.
    pub(crate) result: SessionResult,
    /// What leaving now would mean; told while pending.
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
    parse(&text).ok_or(Unread::Offline)
}

/// The answer in a text.
fn parse(text: &str) -> Option<Answer> {
    serde_json::from_str::<Telling>(text).ok()?.answer()
}

/// The answer in a message's text, if it is one of Grantway's.
pub(crate) fn parse_message(text: &str) -> Option<Answer> {
    let telling: Telling = serde_json::from_str(text).ok()?;
    if telling.r#type.as_deref() == Some(MESSAGE_TYPE) { telling.answer() } else { None }
}

/// Everything that an answer, a message or an `if_left` may hold. One flat struct, because `flatten` and
/// `tag` would make WebAssembly of every type in it three times over.
#[derive(Deserialize)]
struct Telling {
    r#type: Option<String>,
    session_id: Option<SessionId>,
    stage: Option<Stage>,
    provider: Option<String>,
    status: Status,
    connection: Option<Box<Connection>>,
    connections: Option<Vec<Connection>>,
    user: Option<User>,
    error: Option<ErrorTold>,
    if_left: Option<Box<Telling>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Pending,
    Success,
    Error,
    Exit,
}

impl Telling {
    fn answer(mut self) -> Option<Answer> {
        let if_left = self.if_left.take().and_then(|telling| telling.told());
        let (session_id, stage) = (self.session_id.take()?, self.stage?);
        let provider = self.provider.take();
        Some(Answer { result: SessionResult { session_id, stage, provider, outcome: self.told()? }, if_left })
    }

    fn told(self) -> Option<Told> {
        Some(match self.status {
            Status::Pending => Told::Pending,
            Status::Success => Told::Success {
                connection: self.connection?,
                connections: self.connections?,
                user: self.user?,
            },
            Status::Error => Told::Error { error: self.error? },
            Status::Exit => Told::Exit,
        })
    }
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
    use grantway_core::{Code, message::ResultMessage};

    use super::*;

    fn success() -> SessionResult {
        let connection: Connection = serde_json::from_str(
            r#"{"grant_id":"67e55044-10b1-426f-9247-bb680e5fe0c8","provider":"github","provider_name":"GitHub",
                "account_identifier":"ann","account":{"id":"1","email":null,"name":null,"handle":"ann"},
                "user":{"id":"u"},"scopes":["repo"],"scopes_missing":[],"status":"active",
                "operation":"creation","timestamp":"2026-11-22T10:00:00Z","metadata":{}}"#,
        )
        .unwrap();
        let outcome = Told::Success {
            user: connection.user.clone(),
            connections: vec![connection.clone()],
            connection: Box::new(connection),
        };
        result(Stage::Finished, outcome)
    }

    fn result(stage: Stage, outcome: Told) -> SessionResult {
        let session_id = "cs_0123456789abcdefghijkl".parse().unwrap();
        SessionResult { session_id, stage, provider: Some("github".to_owned()), outcome }
    }

    #[test]
    fn every_result_is_read_as_it_was_written() {
        for told in [
            success(),
            result(Stage::Picking, Told::Pending),
            result(Stage::Finished, Told::Error { error: Code::AccessDenied.into() }),
            result(Stage::Finished, Told::Exit),
        ] {
            let text = serde_json::to_string(&told).unwrap();

            assert_eq!(parse(&text).unwrap().result, told);
        }
    }

    #[test]
    fn a_pending_answer_carries_what_leaving_would_mean() {
        let mut json = serde_json::to_value(result(Stage::Troubled, Told::Pending)).unwrap();
        let if_left = Told::Error { error: Code::AccessDenied.into() };
        json["if_left"] = serde_json::to_value(&if_left).unwrap();

        assert_eq!(parse(&json.to_string()).unwrap().if_left, Some(if_left));
    }

    #[test]
    fn only_a_message_of_grantways_type_is_read_as_one() {
        let message = serde_json::to_string(&ResultMessage::of(success())).unwrap();
        let other = serde_json::to_string(&success()).unwrap();

        assert_eq!(parse_message(&message).unwrap().result, success());
        assert!(parse_message(&other).is_none());
    }
}
