//! A provider, played strictly from its facts: where it is, what it asks for, what it says.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantway_core::Clock;
use grantway_engine::{Http, HttpError};
use grantway_testkit::ToldClock;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::facts::Facts;

pub(crate) type Pairs = Vec<(String, String)>;
/// An answer, or a complaint.
pub(crate) type Said = Result<(u16, Value), String>;

pub(crate) const CLIENT_ID: &str = "client id:1";
pub(crate) const SECRET: &str = "s:%+/ é";
pub(crate) const REDIRECT_URI: &str = "https://connect.test/connect/callback/acme.sim";

/// What was asked at the authorization endpoint.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) state: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<(String, bool)>,
}

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) codes: HashMap<String, Ask>,
    /// Living access tokens.
    pub(crate) access: HashSet<String>,
    /// Living refresh tokens.
    pub(crate) refresh: HashSet<String>,
    pub(crate) counter: usize,
    pub(crate) complaints: Vec<String>,
    pub(crate) asked: Vec<&'static str>,
}

pub(crate) struct Simulator<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) secret: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) clock: Arc<ToldClock>,
    pub(crate) issuer: Option<String>,
    pub(crate) books: Mutex<Books>,
}

/// One request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    fn of(request: Request<Vec<u8>>) -> Self {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string().parse().unwrap(),
            headers: request.headers().iter().map(header).collect(),
            body: request.into_body(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    pub(crate) fn query(&self) -> Pairs {
        self.url.query_pairs().into_owned().collect()
    }

    pub(crate) fn form(&self) -> Pairs {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Same place, whatever the query.
    pub(crate) fn is_at(&self, url: &str) -> bool {
        let url: Url = url.parse().unwrap();
        (self.url.scheme(), self.url.host_str(), self.url.port(), self.url.path())
            == (url.scheme(), url.host_str(), url.port(), url.path())
    }
}

pub(crate) fn find<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(crate) fn demand(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}

impl Simulator<'_> {
    /// A template with this connection's values. Values of the token answer and the redirect are the ones
    /// that this simulator tells.
    pub(crate) fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        let own = [("client_id", CLIENT_ID), ("client_secret", &self.secret), ("redirect_uri", REDIRECT_URI)];
        for (name, value) in own {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        for (name, value) in &self.parameters {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        while let Some((before, rest)) = text.split_once("{token:") {
            let (name, after) = rest.split_once('}').unwrap();
            text = format!("{before}told-{}{after}", name.replace('_', "-"));
        }
        while let Some((before, rest)) = text.split_once("{callback:") {
            let (name, after) = rest.split_once('}').unwrap();
            text = format!("{before}{}{after}", self.kept(name));
        }
        text
    }

    /// What the redirect carries under that name.
    pub(crate) fn kept(&self, name: &str) -> String {
        let parameter = |name: &str| self.parameters.get(name).cloned().unwrap_or_default();
        match (self.facts.id(), name) {
            (_, "accounts-server") => format!("https://{}", parameter("accounts_host")),
            (_, "api_access_point") => format!("https://api.{}.adobesign.com/", parameter("shard")),
            (_, "referer") => format!("{}.kommo.com", parameter("subdomain")),
            (_, "domain_prefix") => parameter("domain_prefix"),
            ("datadog", "domain" | "site") => parameter("site"),
            ("strava", "scope") => self.facts.list("/default_scopes").join(","),
            _ => format!("kept-{}", name.to_ascii_lowercase().replace('_', "-")),
        }
    }

    /// The same for a URL, in which a value stands encoded.
    pub(crate) fn fill_url(&self, template: &str) -> String {
        let encoded = |text: &str| {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
        };
        let template = template.replace("{client_id}", &encoded(CLIENT_ID));
        self.fill(&template.replace("{client_secret}", &encoded(&self.secret)))
    }

    pub(crate) fn redirect_param(&self) -> &str {
        match self.facts.id() {
            "openrouter" => "callback_url",
            "printful" | "untappd" => "redirect_url",
            _ => "redirect_uri",
        }
    }

    pub(crate) fn redirect_value(&self) -> String {
        self.parameters.get("redirect_alias").cloned().unwrap_or_else(|| REDIRECT_URI.to_owned())
    }

    /// The person allows; the address that the browser comes back to.
    pub(crate) fn authorize(&self, url: &Url) -> Result<Url, String> {
        let facts = self.facts;
        let expected = self.fill(facts.text("/authorize_url").unwrap());
        let sent = self.place_of(url, &expected)?;
        let mut names = HashSet::new();
        demand(sent.iter().all(|(name, _)| names.insert(name.clone())), || {
            "a parameter comes twice".to_owned()
        })?;
        let check = |name: &str, wanted: Option<&str>| {
            let got = find(&sent, name);
            demand(got == wanted, || format!("authorize: {name} is {got:?}, not {wanted:?}"))
        };
        let id = facts.text("/client_id_param").unwrap();
        let anonymous = facts.has("no_client_id") || facts.has("no_client_id_in_authorize");
        check(id, (!anonymous).then_some(CLIENT_ID))?;
        let redirect = self.redirect_value();
        check(self.redirect_param(), (!facts.has("no_redirect_in_authorize")).then_some(redirect.as_str()))?;
        self.check_scope(&sent, url)?;
        let challenge = self.challenge_in(&sent)?;
        let mut kind = "code".to_owned();
        let mut nonce_wanted = false;
        for (name, value) in facts.pairs("/authorize_params") {
            let value = value.unwrap_or_default();
            match (name.as_str(), value.as_str()) {
                ("response_type", _) => kind = value,
                ("response_mode", "query") | ("redirect_url", _) => {}
                (_, "{random}") => nonce_wanted = true,
                _ => check(&name, Some(&self.fill(&value)))?,
            }
        }
        check("response_type", Some(&kind))?;
        let nonce = find(&sent, "nonce").map(str::to_owned);
        demand(!nonce_wanted || nonce.is_some(), || "authorize: nonce is missing".to_owned())?;
        let state = find(&sent, "state").filter(|state| state.len() >= 8);
        let state = state.ok_or("authorize: state is missing or short")?.to_owned();
        let code = self.issue_code(Ask { state: state.clone(), nonce, challenge });
        Ok(self.callback(&code, &state))
    }

    /// The parameters, if the address is the provider's with its own query and fragment.
    fn place_of(&self, url: &Url, expected: &str) -> Result<Pairs, String> {
        let wanted: Url = expected.parse().unwrap();
        let base = |url: &Url| format!("{}{}", url.origin().ascii_serialization(), url.path());
        demand(base(url) == base(&wanted), || format!("authorize: at {}, not {}", base(url), base(&wanted)))?;
        let mut sent: Pairs = url.query_pairs().into_owned().collect();
        let fragment = self.facts.text("/authorize_fragment").or(wanted.fragment());
        match (url.fragment(), fragment) {
            (None, None) => {}
            (Some(got), Some(wanted)) if got == wanted => {}
            (Some(got), Some(route)) if route.starts_with('/') && got.starts_with(&format!("{route}?")) => {
                sent = url::form_urlencoded::parse(&got.as_bytes()[route.len() + 1..]).into_owned().collect();
            }
            (got, wanted) => return Err(format!("authorize: fragment {got:?}, not {wanted:?}")),
        }
        for (name, value) in wanted.query_pairs() {
            demand(find(&sent, &name) == Some(&*value), || {
                format!("authorize: {name} of the URL's own query is lost")
            })?;
        }
        Ok(sent)
    }

    fn check_scope(&self, sent: &Pairs, url: &Url) -> Result<(), String> {
        let facts = self.facts;
        let (param, scopes) = (facts.text("/scope_param").unwrap(), facts.list("/default_scopes"));
        let separator = facts.text("/scope_separator").unwrap();
        // «plus» is a space before the form encoding, and must never be %2B.
        let joined = scopes.join(if separator == "+" { " " } else { separator });
        let got: HashSet<&str> = match find(sent, param) {
            None => HashSet::new(),
            Some(text) if separator == "+" => text.split(' ').collect(),
            Some(text) => text.split(separator).collect(),
        };
        let wanted: HashSet<&str> = scopes.iter().map(String::as_str).collect();
        demand(got == wanted, || format!("authorize: {param} is {:?}, not {joined:?}", find(sent, param)))?;
        demand(separator != "+" || !url.as_str().contains("%2B"), || {
            "authorize: a plus went as %2B".to_owned()
        })
    }

    fn challenge_in(&self, sent: &Pairs) -> Result<Option<(String, bool)>, String> {
        let wanted = matches!(self.facts.text("/pkce"), Some("supported" | "required"));
        let plain = self.facts.has("pkce_plain_only");
        let method = if plain { "plain" } else { "S256" };
        match (find(sent, "code_challenge"), find(sent, "code_challenge_method")) {
            (Some(challenge), Some(told)) if wanted && told == method => {
                Ok(Some((challenge.to_owned(), plain)))
            }
            (None, None) if !wanted => Ok(None),
            other => Err(format!("authorize: PKCE {:?}, got {other:?}", self.facts.text("/pkce"))),
        }
    }

    fn issue_code(&self, ask: Ask) -> String {
        let mut books = self.books.lock().unwrap();
        books.counter += 1;
        let code = format!("code-{}", books.counter);
        books.codes.insert(code.clone(), ask);
        code
    }

    fn callback(&self, code: &str, state: &str) -> Url {
        let facts = self.facts;
        let name = facts.list("/callback/code_param").pop().unwrap_or_else(|| "code".to_owned());
        let code = if facts.has("code_suffix") { format!("{code}#_") } else { code.to_owned() };
        let mut pairs = vec![(name, code), ("state".to_owned(), state.to_owned())];
        let told = facts.list("/callback/keep_params");
        let told = told.into_iter().filter(|name| !["hmac", "id_token", "user"].contains(&name.as_str()));
        pairs.extend(told.map(|name| (name.clone(), self.kept(&name))));
        if facts.text("/callback/verify").is_some() {
            let mut sorted: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            sorted.sort();
            let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
            mac.update(sorted.join("&").as_bytes());
            let hex = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            pairs.push(("hmac".to_owned(), hex));
        }
        let mut url: Url = REDIRECT_URI.parse().unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        url
    }

    pub(crate) fn verifies(ask: &Ask, verifier: Option<&str>) -> bool {
        match (&ask.challenge, verifier) {
            (None, None) => true,
            (Some((challenge, true)), Some(verifier)) => challenge == verifier,
            (Some((challenge, false)), Some(verifier)) => {
                *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
            }
            _ => false,
        }
    }

    fn answer(&self, asked: &Asked) -> Said {
        let fits = |pointer: &str| {
            let url = self.facts.text(pointer).map(|url| self.fill_url(url));
            url.is_some_and(|url| asked.is_at(&url))
        };
        let is_userinfo = fits("/userinfo/url") && !self.books.lock().unwrap().asked.contains(&"userinfo");
        let is_revocation = fits("/revoke/url") && self.is_revocation(asked);
        let (name, said) = if is_revocation {
            ("revoke", self.revoke(asked))
        } else if fits("/long_lived_exchange/url") && self.names_long_lived(asked) {
            ("long-lived", self.lengthen(asked))
        } else if fits("/token_url") || fits("/refresh_url") {
            ("token", self.token(asked))
        } else if is_userinfo {
            ("userinfo", self.userinfo(asked))
        } else if fits("/post_connect/url") {
            ("lookup", self.lookup(asked))
        } else {
            ("?", Err(format!("nothing is at {}", asked.url)))
        };
        self.books.lock().unwrap().asked.push(name);
        said
    }

    /// In the provider's own shape of an error.
    fn refuse(&self, complaint: &str) -> (u16, Value) {
        self.books.lock().unwrap().complaints.push(complaint.to_owned());
        if !self.facts.has("errors_with_200") {
            return (400, json!({"error": "invalid_request"}));
        }
        let mut body = json!({});
        let pointer = self.facts.text("/token_response/error").unwrap_or("/error").to_owned();
        crate::facts::put(&mut body, &pointer, json!("invalid_request"));
        match self.facts.text("/token_response/ok") {
            Some(ok) if ok.contains(" == ") => {
                crate::facts::put(&mut body, ok.split(" == ").next().unwrap(), json!("7"));
            }
            Some(ok) => crate::facts::put(&mut body, ok, json!(false)),
            None => {}
        }
        (200, body)
    }
}

#[async_trait]
impl Http for Simulator<'_> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let asked = Asked::of(request);
        let (status, body) = self.answer(&asked).unwrap_or_else(|complaint| self.refuse(&complaint));
        let is_form = self.facts.text("/token_response/format").is_some_and(|format| {
            let wants_json = asked.header("accept") == Some("application/json");
            let asks_json = format.contains("fmt=json") && find(&asked.query(), "fmt") == Some("json");
            asked.is_at(&self.fill(self.facts.text("/token_url").unwrap())) && !wants_json && !asks_json
        });
        let (kind, text) = if is_form {
            let object = body.as_object().cloned().unwrap_or_default();
            let pairs = object.iter().map(|(name, value)| {
                (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            });
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            ("application/x-www-form-urlencoded", form.extend_pairs(pairs).finish())
        } else {
            ("application/json; charset=utf-8", body.to_string())
        };
        let answer = Response::builder().status(status).header("content-type", kind);
        let _ = self.clock.now();
        Ok(answer.body(text.into_bytes()).unwrap())
    }
}
