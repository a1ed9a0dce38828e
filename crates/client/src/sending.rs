//! A call on its way: sent, sent again where that may help, and its answer read.

use std::time::Duration;

use grantway_core::{Code, secret::base64url};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use reqwest::{Request, Response};
use serde::{Serialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use crate::{Client, Error, Problem, Word};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// A little longer than Grantway takes for its slowest answer.
const PATIENCE: Duration = Duration::from_secs(65);
/// Before the second and the third time, where Grantway does not say.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// Who is told to wait longer has better things to do.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A call that may be made twice without harm.
pub(crate) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// `path` is what follows `/v1/`, piece by piece and not encoded.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Result<Call, Error> {
        if path.iter().any(|piece| matches!(*piece, "." | "..")) {
            return Err(Error::Unsendable("no address can name a user whose id is `.` or `..`"));
        }
        let mut url = self.base.clone();
        if let Ok(mut pieces) = url.path_segments_mut() {
            pieces.push("v1").extend(path);
        }
        Ok(Call { method, url, headers: HeaderMap::new(), body: Vec::new() })
    }

    /// Sends a call, three times at most.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match self.ask_once(&call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match pauses.next().and_then(|pause| pause_after(&error, pause)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    async fn ask_once<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let answer = self.send(call.request()).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(answer).await);
        }
        read(status, &answer.bytes().await?)
    }

    pub(crate) async fn send(&self, mut request: Request) -> Result<Response, Error> {
        self.sign(&mut request);
        Ok(self.http.execute(request).await?)
    }
}

impl Call {
    /// With a parameter of the query, if there is a value.
    pub(crate) fn query(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::Unsendable("the request is no JSON"))?;
        Ok(self.body("application/json", body))
    }

    pub(crate) fn form(self, name: &str, value: &str) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.body("application/x-www-form-urlencoded", body.into_bytes())
    }

    fn body(mut self, kind: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Self { body, ..self }
    }

    /// Makes something: once, however often it is sent.
    pub(crate) fn once(mut self) -> Result<Self, Error> {
        let key = fresh_key().ok_or(Error::Unsendable("the operating system gives no randomness"))?;
        self.headers.insert(IDEMPOTENCY_KEY, key);
        Ok(self)
    }

    fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        request.headers_mut().clone_from(&self.headers);
        *request.timeout_mut() = Some(PATIENCE);
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.clone().into());
        }
        request
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of an app's own process: nobody tells it an Entropy")]
fn fresh_key() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::from_str(&base64url(&bytes)).ok()
}

/// Of an answer that is no success.
pub(crate) async fn refusal(answer: Response) -> Error {
    let status = answer.status();
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = match answer.bytes().await {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    match read::<Problem>(status, &body) {
        Ok(problem) => {
            Error::Refused(Box::new(Problem { retry_after: seconds.map(Duration::from_secs), ..problem }))
        }
        Err(error) => error,
    }
}

/// Without the library's own words: they quote the answer, which may hold a token.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| Error::Unreadable(status))
}

/// How long to wait before the same call is made again, if that may help.
fn pause_after(error: &Error, usual: Duration) -> Option<Duration> {
    match error {
        Error::Unreachable(_) | Error::Unreadable(StatusCode::SERVICE_UNAVAILABLE) => Some(usual),
        Error::Refused(problem) if is_not_now(problem) => {
            Some(problem.retry_after.unwrap_or(usual)).filter(|pause| *pause <= LONGEST_PAUSE)
        }
        Error::Refused(_) | Error::Unreadable(_) | Error::Unsendable(_) => None,
    }
}

/// Of Grantway's own. A provider's failure was waited for already, and may have spent what the call was about.
fn is_not_now(problem: &Problem) -> bool {
    let Word::Known(code) = problem.code else { return false };
    matches!(
        code,
        Code::RateLimited | Code::Unavailable | Code::IdentityUnavailable | Code::IdempotencyKeyInFlight
    )
}

#[cfg(test)]
mod tests {
    use grantway_core::Secret;
    use serde_json::json;

    use super::*;

    const USUAL: Duration = Duration::from_millis(250);

    fn client() -> Client {
        Client::new("https://connect.acme.com", &Secret::new("gw_sk_x".to_owned())).unwrap()
    }

    fn refused(code: &str, seconds: Option<u64>) -> Error {
        let problem = json!({"code": code, "status": 503, "title": "", "detail": ""});
        let problem: Problem = serde_json::from_value(problem).unwrap();
        Error::Refused(Box::new(Problem { retry_after: seconds.map(Duration::from_secs), ..problem }))
    }

    #[test]
    fn only_what_may_help_is_sent_again_and_no_wait_is_long() {
        for (error, pause) in [
            (refused("rate_limited", Some(2)), Some(Duration::from_secs(2))),
            (refused("rate_limited", Some(6)), None),
            (refused("unavailable", None), Some(USUAL)),
            (refused("idempotency_key_in_flight", None), Some(USUAL)),
            (refused("provider_unavailable", Some(1)), None),
            (refused("refresh_in_progress", Some(1)), None),
            (refused("invalid_field", None), None),
            (refused("too_tired", Some(1)), None),
            (Error::Unreadable(StatusCode::SERVICE_UNAVAILABLE), Some(USUAL)),
            (Error::Unreadable(StatusCode::OK), None),
        ] {
            assert_eq!(pause_after(&error, USUAL), pause, "{error}");
        }
    }

    #[test]
    fn an_id_is_one_piece_of_the_address_whatever_it_holds() {
        let address =
            |id: &str| client().call(Method::DELETE, &["users", id]).map(|call| call.url.to_string());

        assert_eq!(address("a/b c?d#e").unwrap(), "https://connect.acme.com/v1/users/a%2Fb%20c%3Fd%23e");
        for id in [".", ".."] {
            assert!(matches!(address(id), Err(Error::Unsendable(_))), "{id}");
        }
    }

    #[test]
    fn each_call_that_makes_something_has_a_key_of_its_own() {
        let key = || {
            let call = client().call(Method::POST, &["connect", "sessions"]).unwrap().once().unwrap();
            call.request().headers()[IDEMPOTENCY_KEY].to_str().unwrap().to_owned()
        };

        let (one, other) = (key(), key());

        assert!(one.len() == 22 && one != other, "{one} {other}");
    }

    #[test]
    fn an_answer_that_can_not_be_read_is_not_quoted() {
        let error = read::<bool>(StatusCode::OK, br#""CANARY""#).unwrap_err();

        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
}
