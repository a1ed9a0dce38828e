//! A provider, played strictly from its facts: where it is, what it asks for, what it says.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use grantway_engine::{Http, HttpError};
use grantway_testkit::ToldClock;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::{
    asked::{Asked, find},
    facts::{Facts, put},
};

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
    /// The living session of API calls.
    pub(crate) session: Option<String>,
    pub(crate) counter: usize,
    /// The error that dead tokens are answered with; the standard's when there is none.
    pub(crate) word: Option<String>,
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

    /// The scopes that are asked for and granted.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.facts.list("/default_scopes").iter().map(|scope| self.fill(scope)).collect()
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
            ("strava", "scope") => self.scopes().join(","),
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
        } else if self.is_call(asked) {
            ("call", self.call(asked))
        } else {
            ("?", Err(format!("nothing is at {}", asked.url)))
        };
        self.books.lock().unwrap().asked.push(name);
        said
    }

    fn refuse(&self, complaint: &str) -> (u16, Value) {
        self.books.lock().unwrap().complaints.push(complaint.to_owned());
        self.error("invalid_request")
    }

    /// What a dead code or token is answered with.
    pub(crate) fn dead(&self) -> (u16, Value) {
        let word = self.books.lock().unwrap().word.clone();
        self.error(word.as_deref().unwrap_or("invalid_grant"))
    }

    /// In the provider's own shape of an error.
    fn error(&self, word: &str) -> (u16, Value) {
        let mut body = json!({});
        let at = self.facts.list("/token_response/error");
        put(&mut body, at.first().map_or("/error", String::as_str), json!(word));
        match self.facts.text("/token_response/ok") {
            Some(ok) if ok.contains(" == ") => {
                put(&mut body, ok.split(" == ").next().unwrap(), json!("7"));
            }
            Some(ok) => put(&mut body, ok, json!(false)),
            None => {}
        }
        (if self.facts.has("errors_with_200") { 200 } else { 400 }, body)
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
        Ok(answer.body(text.into_bytes()).unwrap())
    }
}
