//! A person with a browser at the fake provider, without the browser: reads the page, ticks, presses.

use axum::body::Body;
use grantway_engine::HttpError;
use http::{
    Request, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use crate::{FakeProvider, TokenBehaviour};

/// What the person does with the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Chooses the account (by id or e-mail address), leaves everything else as it is, presses "Allow".
    Allow {
        /// `ada` or `grace`.
        account: &'a str,
    },
    /// As `Allow`, with only these scopes ticked and a demo switch set.
    AllowSome {
        /// `ada` or `grace`.
        account: &'a str,
        /// What stays ticked.
        scopes: &'a [&'a str],
        /// The demo switch.
        behaviour: TokenBehaviour,
    },
    /// Presses "Deny".
    Deny,
}

/// Why the person did not come back to the client.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The page broke off.
    #[error("the provider did not answer")]
    Unreachable(#[from] HttpError),
    /// The provider showed a page that asks nothing.
    #[error("the provider answered {status} and this page: {page}")]
    Stuck {
        /// Of the page.
        status: StatusCode,
        /// Its HTML.
        page: String,
    },
}

/// Plays the browser. Holds nothing: every visit is a new one.
#[derive(Clone, Copy, Debug)]
pub struct Person;

impl Person {
    /// Allows everything that is asked for; the callback's address.
    ///
    /// # Panics
    ///
    /// When the provider shows an error page, with the page in the message.
    pub async fn allow(provider: &FakeProvider, authorize_url: &Url, account: &str) -> Url {
        arrived(Self::answer(provider, authorize_url, Answer::Allow { account }).await)
    }

    /// Denies; the callback's address.
    ///
    /// # Panics
    ///
    /// When the provider shows an error page, with the page in the message.
    pub async fn deny(provider: &FakeProvider, authorize_url: &Url) -> Url {
        arrived(Self::answer(provider, authorize_url, Answer::Deny).await)
    }

    /// The address that the provider sends the browser to: after the answer, or instead of the question.
    ///
    /// # Errors
    ///
    /// When the provider shows a page with an error, before or after the answer.
    pub async fn answer(
        provider: &FakeProvider,
        authorize_url: &Url,
        answer: Answer<'_>,
    ) -> Result<Url, PersonError> {
        let path = &authorize_url[url::Position::BeforePath..url::Position::AfterQuery];
        let question = visit(provider, Request::get(path), String::new()).await?;
        let page = match question {
            Seen::Sent(url) => return Ok(url),
            Seen::Page(StatusCode::OK, page) => page,
            Seen::Page(status, page) => return Err(PersonError::Stuck { status, page }),
        };
        let post =
            Request::post("/authorize/decide").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match visit(provider, post, filled(&page, answer)).await? {
            Seen::Sent(url) => Ok(url),
            Seen::Page(status, page) => Err(PersonError::Stuck { status, page }),
        }
    }
}

#[expect(clippy::panic, reason = "tests want the address; the page in the message says why there is none")]
fn arrived(result: Result<Url, PersonError>) -> Url {
    result.unwrap_or_else(|error| panic!("{error}"))
}

enum Seen {
    Sent(Url),
    Page(StatusCode, String),
}

async fn visit(
    provider: &FakeProvider,
    request: http::request::Builder,
    form: String,
) -> Result<Seen, PersonError> {
    let request = request.body(Body::from(form)).map_err(|_| HttpError::Unanswered)?;
    let response = match provider.router().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    if let Some(url) = location.and_then(|text| Url::parse(text).ok()) {
        return Ok(Seen::Sent(url));
    }
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let bytes = bytes.map_err(|_| HttpError::Unanswered)?;
    Ok(Seen::Page(status, String::from_utf8_lossy(&bytes).into_owned()))
}

fn filled(page: &str, answer: Answer<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(values(page, "request").map(|id| ("request", id)));
    match answer {
        Answer::Allow { account } => {
            form.extend_pairs(values(page, "scope").map(|scope| ("scope", scope)));
            form.extend_pairs([("account", account), ("behaviour", ""), ("decision", "allow")]);
        }
        Answer::AllowSome { account, scopes, behaviour } => {
            form.extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
            form.extend_pairs([("account", account), ("behaviour", behaviour.as_str())]);
            form.append_pair("decision", "allow");
        }
        Answer::Deny => {
            form.append_pair("decision", "deny");
        }
    }
    form.finish()
}

/// The values of the page's inputs of that name.
fn values<'a>(page: &'a str, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let start = format!("name=\"{name}\" value=\"");
    let mut rest = page;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some(unescaped(value))
    })
}

/// The inverse of the provider's escaping.
fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}
