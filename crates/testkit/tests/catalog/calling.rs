//! API calls at the providers that want more than the access token, made as the proxy makes them.

use grantway_engine::{Http, TokenSet};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    asked::{Asked, demand},
    drive::Walker,
    simulator::{Said, Simulator},
};

/// Where a session's calls go.
pub(crate) const SESSION_API: &str = "https://rest99.bullhornstaffing.com/rest-services/abc1/";

/// What a caller writes, our own places among it. By name, `a` comes before `a1`.
const CALL: &str = "items?b=2%2B&a1=%C3%A9&a=x+y&sig=mine&access_token=mine&application_key=mine";

impl Simulator<'_> {
    fn calls_are_signed(&self) -> bool {
        self.facts.has("signed_api_requests")
    }

    fn calls_need_session(&self) -> bool {
        self.facts.has("second_session_exchange")
    }

    pub(crate) fn is_call(&self, asked: &Asked) -> bool {
        asked.url.path().ends_with("/items") && (self.calls_are_signed() || self.calls_need_session())
    }

    pub(crate) fn call(&self, asked: &Asked) -> Said {
        if self.calls_are_signed() {
            self.check_token(asked, "query:access_token", "call")?;
            self.check_call_signature(asked, "call")?;
        }
        if self.calls_need_session() {
            let session = self.books.lock().unwrap().session.clone();
            let told = asked.header("BhRestToken");
            demand(asked.url.as_str().starts_with(SESSION_API), || format!("call: at {}", asked.url))?;
            demand(told.is_some() && told == session.as_deref(), || {
                format!("call: the session is {told:?}")
            })?;
        }
        Ok((200, json!({})))
    }

    /// A new session, which ends the one before; nothing where there are none.
    pub(crate) fn open_session(&self) -> Option<String> {
        let mut books = self.books.lock().unwrap();
        books.counter += 1;
        books.session = self.calls_need_session().then(|| format!("session-{}", books.counter));
        books.session.clone()
    }
}

impl Walker<'_> {
    /// As `crates/service/src/proxy.rs` does it, where calls need more than the token.
    pub(crate) async fn call(&self, tokens: &TokenSet) -> Result<(), String> {
        if !self.simulator.calls_are_signed() && !self.simulator.calls_need_session() {
            return Ok(());
        }
        let base = self.client.api_urls(tokens).first().cloned().ok_or("call: no address")?;
        let (mut url, mut headers) = (base.join(CALL).unwrap(), HeaderMap::new());
        let written = self.client.authorize_call(&mut url, &mut headers, tokens);
        written.map_err(|error| format!("call: {error}"))?;
        let mut request = Request::get(url.as_str()).body(Vec::new()).unwrap();
        *request.headers_mut() = headers;
        let answer = self.simulator.send(request).await.unwrap();
        demand(answer.status() == 200, || "call: refused".to_owned())
    }
}
