//! The result endpoint: one simple cross-origin request, without preflight and without credentials.

use grantway_core::{
    SessionId,
    grant::{Connection, User},
    message::{ErrorTold, MESSAGE_TYPE, Told},
    session::Stage,
};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, RequestCredentials, RequestInit, RequestMode, RequestRedirect, Response, UrlSearchParams,
};

use crate::event::Subject;

/// What the server told.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Which session, and how far it has come; none when the opening was refused.
    pub(crate) about: Option<Subject>,
    /// How it ended, or that it has not.
    pub(crate) outcome: Told,
    /// What leaving now would mean; told while pending.
    pub(crate) if_left: Option<Told>,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Read {
    /// An answer about a session.
    Told(Box<Answer>),
    /// The server knows no such secret: not yet, or no longer.
    Unknown,
    /// Nothing new, or the server was not reached or is not well. Asking again may help.
    Nothing,
}

/// Reads a result. Only a window's secret or a returned code opens it, never the session token.
pub(crate) async fn read(url: &str, fields: &[(&str, &str)], signal: Option<&AbortSignal>) -> Read {
    let Ok(response) = send(url, fields, signal).await else { return Read::Nothing };
    match response.status() {
        200 => {
            let text = body(&response).await.ok();
            let answer = text.as_deref().and_then(parse);
            answer.map_or(Read::Nothing, |answer| Read::Told(Box::new(answer)))
        }
        400..429 => Read::Unknown,
        _ => Read::Nothing,
    }
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
        let about = self.session_id.take().map(|session_id| Subject {
            session_id: Some(session_id),
            stage: self.stage,
            provider: self.provider.take(),
        });
        Some(Answer { about, outcome: self.told()?, if_left })
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
    use grantway_core::{
        Code,
        message::{RefusalMessage, ResultMessage, SessionResult, TokenReason},
    };

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
            result(Stage::Finished, Told::Error { error: TokenReason::Expired.into() }),
            result(Stage::Finished, Told::Exit),
        ] {
            let answer = parse(&serde_json::to_string(&told).unwrap()).unwrap();

            let about = answer.about.unwrap();
            assert_eq!(answer.outcome, told.outcome);
            assert_eq!(
                (about.session_id, about.stage, about.provider),
                (Some(told.session_id), Some(told.stage), told.provider)
            );
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
        let refusal = RefusalMessage::of(TokenReason::Used.into());
        let other = serde_json::to_string(&success()).unwrap();

        assert_eq!(parse_message(&message).unwrap().outcome, success().outcome);
        let refused = parse_message(&serde_json::to_string(&refusal).unwrap()).unwrap();
        assert_eq!((refused.about.is_none(), refused.outcome), (true, refusal.outcome));
        assert!(parse_message(&other).is_none());
    }
}
