//! A provider's documented requests and answers, and the walk that compares them with what we do.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use grantway_catalog::{Catalog, Provider};
use grantway_core::{Secret, Timestamp, flow::AcceptedCode, grant::Account};
use grantway_engine::{
    AuthorizeRequest, Client, Directory, Endpoints, EngineError, Http, HttpError, Proof, TokenSet, authorize,
    callback, exchange, identify, refresh, revoke,
};
use grantway_testkit::{SeededEntropy, ToldClock};
use http::{Request, Response};
use serde_json::{Value, json};
use url::Url;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
/// HTTP Basic of `cid` and `sec`.
pub(crate) const BASIC: &str = "Basic Y2lkOnNlYw==";

/// A documented request: method and address, headers, fields of a form, of JSON or of the query.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) line: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

/// What is documented of one provider.
pub(crate) struct Shape {
    pub(crate) id: &'static str,
    pub(crate) parameters: &'static [(&'static str, &'static str)],
    /// Parameters of the authorization URL, beside those of the standard.
    pub(crate) asks: &'static [(&'static str, &'static str)],
    pub(crate) at: &'static str,
    /// What the redirect carries beside `code` and `state`.
    pub(crate) redirect: &'static [(&'static str, &'static str)],
    pub(crate) token: Sent,
    pub(crate) answer: Value,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) seconds: Option<i64>,
    pub(crate) extra: &'static [(&'static str, &'static str)],
    pub(crate) whoami: Sent,
    pub(crate) profile: Value,
    pub(crate) account: Account,
    pub(crate) refresh: Option<Sent>,
    /// How a dead refresh token, or a dead code, is answered.
    pub(crate) dead: (u16, Value, EngineError),
    pub(crate) revoke: Option<Sent>,
}

pub(crate) fn account(
    id: &str,
    email: Option<&str>,
    handle: Option<&str>,
    name: Option<&str>,
    org: Option<&str>,
) -> Account {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Account {
        id: Some(id.to_owned()),
        email: own(email),
        handle: own(handle),
        name: own(name),
        org: own(org),
    }
}

/// Answers what it is told to, and remembers what it was asked.
#[derive(Default)]
struct Recorder {
    next: Mutex<Option<(u16, Value)>>,
    /// Whether the next answer serves for two requests, as where a token is traded at once.
    twice: Mutex<bool>,
    last: Mutex<Option<Request<Vec<u8>>>>,
}

#[async_trait]
impl Http for Recorder {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        *self.last.lock().unwrap() = Some(request);
        let (status, body) = self.next.lock().unwrap().take().unwrap_or_else(|| panic!("no answer was told"));
        if std::mem::take(&mut *self.twice.lock().unwrap()) {
            *self.next.lock().unwrap() = Some((status, body.clone()));
        }
        let answer = Response::builder().status(status).header("content-type", "application/json");
        Ok(answer.body(body.to_string().into_bytes()).unwrap())
    }
}

impl Recorder {
    fn says(&self, status: u16, body: &Value) {
        *self.next.lock().unwrap() = Some((status, body.clone()));
    }

    /// The last request was this one, and said nothing else of the same names.
    fn was(&self, sent: &Sent, what: &str) {
        let request = self.last.lock().unwrap().take().unwrap_or_else(|| panic!("{what}: nothing was sent"));
        let mut url: Url = request.uri().to_string().parse().unwrap();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let is_json = request.headers().get("content-type").is_some_and(|kind| kind == "application/json");
        let body: Vec<(String, String)> = if is_json {
            let object: Value = serde_json::from_slice(request.body()).unwrap();
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            object.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
        } else {
            url::form_urlencoded::parse(request.body()).into_owned().collect()
        };
        let in_body = if is_json { " JSON" } else { "" };
        url.set_query(None);
        assert_eq!(format!("{} {url}{in_body}", request.method()), sent.line, "{what}");
        for (name, value) in sent.headers {
            let got = request.headers().get(*name).map(|value| value.to_str().unwrap());
            assert_eq!(got, Some(*value), "{what}: header {name}");
        }
        let all: Vec<_> = query.into_iter().chain(body).collect();
        for (name, value) in sent.fields {
            let got: Vec<_> =
                all.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value.as_str()).collect();
            assert_eq!(got, [*value], "{what}: {name} of {all:?}");
        }
        let secrets = all.iter().filter(|(_, value)| value == "sec").count();
        let wanted = sent.fields.iter().filter(|(_, value)| *value == "sec").count();
        assert_eq!(secrets, wanted, "{what}: the secret stands where the documentation has it");
    }
}

struct Walk {
    provider: Provider,
    endpoints: Endpoints,
    parameters: BTreeMap<String, String>,
    secret: Secret,
    entropy: SeededEntropy,
    http: Recorder,
    directory: Directory,
}

impl Walk {
    async fn new(shape: &Shape) -> Self {
        let catalog = Catalog::built_in().unwrap();
        let mut provider = catalog.get(&shape.id.parse().unwrap()).unwrap().clone();
        // Signed id tokens are tested apart; here it is the plain answers that count.
        provider.issuer = None;
        let usual = |parameter: &grantway_catalog::Parameter| {
            Some((parameter.name.clone(), parameter.default.clone()?))
        };
        let mut parameters: BTreeMap<_, _> = provider.parameters.iter().filter_map(usual).collect();
        parameters
            .extend(shape.parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let directory =
            Directory::new(std::sync::Arc::new(Recorder::default()), std::sync::Arc::new(ToldClock::at(NOW)));
        let endpoints = directory.endpoints(&provider, &parameters).await.unwrap();
        let (secret, entropy, http) =
            (Secret::new("sec".to_owned()), SeededEntropy::new(1), Recorder::default());
        Self { provider, endpoints, parameters, secret, entropy, http, directory }
    }

    fn client(&self) -> Client<'_> {
        Client {
            provider: &self.provider,
            endpoints: &self.endpoints,
            client_id: "cid",
            client_secret: Some(&self.secret),
            redirect_uri: "https://connect.test/cb",
            parameters: &self.parameters,
            entropy: &self.entropy,
        }
    }

    async fn exchange(&self, kept: &BTreeMap<String, String>) -> Result<TokenSet, EngineError> {
        let code = AcceptedCode::from_plain(&Secret::new("st\nco".to_owned())).unwrap();
        let verifier = Secret::new("ve".to_owned());
        exchange(&self.http, &self.client(), Proof { code, verifier: &verifier, kept }, NOW).await
    }
}

/// Walks from the question to the revocation.
pub(crate) async fn check(shape: Shape) {
    walk_through(shape, false).await;
}

/// The same, where the first token is traded at once: the last token request is the trade.
pub(crate) async fn check_traded(shape: Shape) {
    walk_through(shape, true).await;
}

async fn walk_through(shape: Shape, traded: bool) {
    let walk = Walk::new(&shape).await;
    let scopes: Vec<String> =
        walk.provider.scopes.iter().chain(&walk.provider.always_scopes).cloned().collect();
    let request = AuthorizeRequest { scopes: &scopes, nonce: None, extra: None };
    let url = authorize(&walk.http, &walk.client(), &request, NOW).await.unwrap().url;
    let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(url[..url::Position::AfterPath], *shape.at);
    for (name, value) in shape.asks {
        assert_eq!(asked.get(*name).map(String::as_str), Some(*value), "authorize: {name}");
    }

    let redirect = shape.redirect.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let pairs: Vec<_> = [("code", "co"), ("state", "st")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain(redirect)
        .collect();
    let told = callback::read(&walk.provider, Some(&walk.secret), &pairs).unwrap();
    walk.http.says(200, &shape.answer);
    *walk.http.twice.lock().unwrap() = traded;
    let tokens = walk.exchange(&told.kept).await.unwrap();
    walk.http.was(&shape.token, "token");
    check_tokens(&shape, &tokens);

    walk.http.says(200, &shape.profile);
    let about = identify::Asked { nonce: None, scopes: &scopes, kept: &told.kept, now: NOW };
    let account =
        identify::identify(&walk.http, &walk.directory, &walk.client(), &tokens, about).await.unwrap();
    walk.http.was(&shape.whoami, "whoami");
    assert_eq!(account, shape.account);

    if let Some(sent) = &shape.refresh {
        walk.http.says(200, &shape.answer);
        refresh(&walk.http, &walk.client(), &tokens, NOW).await.unwrap();
        walk.http.was(sent, "refresh");
        walk.http.says(503, &json!({}));
        let later = refresh(&walk.http, &walk.client(), &tokens, NOW).await.unwrap_err();
        assert!(later.is_transient());
    }
    let (status, body, error) = &shape.dead;
    walk.http.says(*status, body);
    let said = if shape.refresh.is_some() {
        refresh(&walk.http, &walk.client(), &tokens, NOW).await.unwrap_err()
    } else {
        walk.exchange(&told.kept).await.unwrap_err()
    };
    assert_eq!(said, *error);

    if let Some(sent) = &shape.revoke {
        walk.http.says(200, &json!({}));
        revoke(&walk.http, &walk.client(), &tokens, NOW).await.unwrap();
        walk.http.was(sent, "revoke");
    }
}

fn check_tokens(shape: &Shape, tokens: &TokenSet) {
    assert_eq!(tokens.access_token.expose(), "at");
    assert_eq!(tokens.expires_at.map(|end| end.seconds_since(NOW)), shape.seconds);
    let got: Vec<_> = tokens.scopes.iter().flatten().map(String::as_str).collect();
    assert_eq!(got, shape.scopes);
    for (name, value) in shape.extra {
        assert_eq!(tokens.extra.get(*name).map(Secret::expose), Some(*value), "extra {name}");
    }
}
