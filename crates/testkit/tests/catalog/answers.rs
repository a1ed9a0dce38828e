//! What the provider tells: tokens in its own shape, the account where its facts have it, what API calls need.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantway_core::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    asked::{Asked, demand, find},
    calling::SESSION_API,
    facts::put,
    simulator::{CLIENT_ID, Said, Simulator},
};

/// The key that signs id tokens, made for these tests.
const KEY: &str = include_str!("key.pem");
/// Its public half.
const POINT: (&str, &str) = (include_str!("key.x"), include_str!("key.y"));

pub(crate) const EMAIL: &str = "ada@example.com";

/// As the issuer publishes it.
pub(crate) fn key_set() -> Value {
    let (x, y) = (POINT.0.trim(), POINT.1.trim());
    json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "sim", "x": x, "y": y}]})
}

impl Simulator<'_> {
    pub(crate) fn issue_access(&self, claims: Option<Value>) -> String {
        let mut books = self.books.lock().unwrap();
        books.counter += 1;
        let token = match claims {
            Some(claims) => unsigned(&claims, books.counter),
            None => format!("access-{}", books.counter),
        };
        books.access.insert(token.clone());
        token
    }

    fn issue_refresh(&self) -> String {
        let mut books = self.books.lock().unwrap();
        books.counter += 1;
        let token = format!("refresh-{}", books.counter);
        books.refresh.insert(token.clone());
        token
    }

    /// A token answer; the first one, or one with a new refresh token.
    pub(crate) fn tokens(&self, nonce: Option<&str>, with_refresh: bool) -> Value {
        let facts = self.facts;
        let now = self.clock.now().unix_seconds();
        let ttl = facts.number("/access_token_ttl").unwrap_or(3600);
        let source = facts.text("/account/source").unwrap_or("userinfo").to_owned();
        let mut claims = json!({"exp": now + ttl});
        if source == "access_token_jwt" {
            self.put_account(&mut claims);
        }
        let is_jwt = source == "access_token_jwt" || facts.has("expiry_in_jwt");
        let mut body = json!({"token_type": "Bearer"});
        let token = self.issue_access(is_jwt.then_some(claims));
        let mut tell = |name: &str, value: Value| {
            let at = facts.list(&format!("/token_response/{name}"));
            // Who asked for an app's token gets it at the first place, who gets a person's at the last.
            let pointer = if facts.has("two_tokens") { at.first() } else { at.last() };
            if let Some(pointer) = pointer {
                put(&mut body, pointer, value);
            }
        };
        tell("access_token", json!(token));
        if with_refresh && facts.text("/refresh/kind") == Some("refresh_token") {
            tell("refresh_token", json!(self.issue_refresh()));
        }
        let silent = facts.number("/default_expires_in").is_some() || facts.has("expiry_in_jwt");
        if facts.value("/access_token_expires") == &json!(true) && !silent {
            if facts.text("/token_response/expires_at").is_some() {
                tell("expires_at", self.moment(now + ttl));
            } else {
                tell(
                    "expires_in",
                    if facts.has("expires_in_string") { json!(ttl.to_string()) } else { json!(ttl) },
                );
            }
        }
        let scopes = self.scopes();
        if facts.text("/token_response/scope_type") == Some("array") {
            tell("scope", json!(scopes));
        } else if !scopes.is_empty() && !facts.has("scope_only_in_callback") {
            let comma =
                facts.has("scope_returned_comma") || facts.text("/token_response/scope_sep") == Some(",");
            tell("scope", json!(scopes.join(if comma { "," } else { " " })));
        }
        self.put_rest(&mut body, &source, nonce, &token);
        body
    }

    fn put_rest(&self, body: &mut Value, source: &str, nonce: Option<&str>, token: &str) {
        let facts = self.facts;
        match facts.text("/token_response/ok").map(|ok| ok.split_once(" == ").unwrap_or((ok, ""))) {
            Some((pointer, "")) => put(body, pointer, json!(true)),
            Some((pointer, value)) => {
                put(body, pointer, value.parse::<i64>().map_or(json!(value), |number| json!(number)))
            }
            None => {}
        }
        let taken: Vec<String> = facts.list("/token_response/access_token");
        for (name, pointer) in facts.pairs("/token_response/extra") {
            let pointer = pointer.unwrap_or_default();
            if pointer.starts_with('/') && name != "expires_in_zero" && !taken.contains(&pointer) {
                let is_kept = facts.list("/callback/keep_params").contains(&name);
                let value =
                    if is_kept { self.kept(&name) } else { format!("told-{}", name.replace('_', "-")) };
                put(body, &pointer, json!(value));
            }
        }
        if let Some(pointer) = facts.text("/token_response/api_base") {
            let base = if facts.id() == "wrike" {
                self.parameters["api_host"].clone()
            } else {
                "https://api.sim.test".to_owned()
            };
            put(body, pointer, json!(base));
        }
        for name in self.names_from_token() {
            put(body, &format!("/{name}"), json!(format!("told-{}", name.replace('_', "-"))));
        }
        if source == "token" {
            self.put_account(body);
        }
        let signed = self.issuer.is_some() && self.scopes().iter().any(|scope| scope == "openid");
        if signed || source == "id_token" {
            put(body, "/id_token", json!(self.id_token(nonce, token)));
        }
    }

    /// The names that templates read from the token answer.
    fn names_from_token(&self) -> Vec<String> {
        let text =
            ["/userinfo/url", "/revoke/url"].map(|at| self.facts.text(at).unwrap_or_default()).join(" ");
        text.split("{token:").skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    }

    fn moment(&self, seconds: i64) -> Value {
        match self.facts.id() {
            "square" | "square-sandbox" | "epic-games" | "sentry" => {
                json!(grantway_core::Timestamp(seconds * 1000))
            }
            "tiktok-shop" | "squarespace" => json!(seconds * 1000),
            _ => json!(seconds),
        }
    }

    fn id_token(&self, nonce: Option<&str>, access_token: &str) -> String {
        let now = self.clock.now().unix_seconds();
        let mut claims = json!({"aud": CLIENT_ID, "iat": now, "exp": now + 600, "sub": self.account_id()});
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        if self.facts.text("/account/source") == Some("id_token") {
            self.put_account(&mut claims);
        }
        // https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
        if self.facts.text("/token_url").is_some_and(|url| url.contains("login.microsoftonline.com")) {
            claims["tid"] = json!("b9419818-09af-49c2-b0c3-653adc1f376e");
            claims["iss"] =
                json!("https://login.microsoftonline.com/b9419818-09af-49c2-b0c3-653adc1f376e/v2.0");
        }
        let Some(issuer) = &self.issuer else { return unsigned(&claims, 0) };
        claims["iss"] = json!(issuer);
        let hash = Sha256::digest(access_token.as_bytes());
        claims["at_hash"] = json!(URL_SAFE_NO_PAD.encode(&hash[..16]));
        let header = Header { kid: Some("sim".to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &EncodingKey::from_ec_pem(KEY.as_bytes()).unwrap()).unwrap()
    }

    /// The account's id, before what it is unique within.
    pub(crate) fn account_id(&self) -> String {
        format!("id-of-{}", self.facts.id())
    }

    /// The account, where the facts have it.
    pub(crate) fn put_account(&self, body: &mut Value) {
        let facts = self.facts;
        let mut tell = |name: &str, value: &str| {
            let at = facts.list(&format!("/account/{name}"));
            if let Some(pointer) = at.first().filter(|pointer| pointer.starts_with('/')) {
                put(body, pointer, json!(value));
            }
        };
        // Several facts may name one place: the most telling is written last.
        tell("org", "org-1");
        tell("org_name", "Org One");
        tell("name", "Ada Lovelace");
        tell("handle", "ada");
        tell("email", EMAIL);
        tell("id", &self.account_id());
    }

    pub(crate) fn check_token(&self, asked: &Asked, place: &str, what: &str) -> Result<(), String> {
        let living = |token: &str| self.books.lock().unwrap().access.contains(token);
        let found = match place.split_once(':') {
            None if place == "bearer" => asked
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "))
                .map(str::to_owned),
            None => return Ok(()),
            Some(("query", name)) => find(&asked.query(), name).map(str::to_owned),
            Some((_, header)) => {
                let (name, template) = header.split_once('=').unwrap();
                let (before, after) = template.split_once("{access_token}").unwrap();
                let value = asked.header(name).unwrap_or_default();
                value.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).map(str::to_owned)
            }
        };
        demand(found.as_deref().is_some_and(living), || format!("{what}: no living token by {place}"))
    }

    pub(crate) fn userinfo(&self, asked: &Asked) -> Said {
        let facts = self.facts;
        let method = facts.text("/userinfo/method").unwrap();
        demand(asked.method == method, || format!("userinfo: {} instead of {method}", asked.method))?;
        let place = facts.text("/userinfo/auth").unwrap_or("bearer").to_owned();
        self.check_token(asked, &place, "userinfo")?;
        if facts.has("signed_api_requests") {
            self.check_call_signature(asked, "userinfo")?;
        }
        let wanted: url::Url = self.fill_url(facts.text("/userinfo/url").unwrap()).parse().unwrap();
        for (name, value) in wanted.query_pairs() {
            demand(find(&asked.query(), &name) == Some(&*value), || {
                format!("userinfo: {name} of the URL is lost")
            })?;
        }
        for (name, value) in facts.pairs("/userinfo/headers") {
            let wanted = self.fill(&value.unwrap_or_default());
            let got = asked.header(&name).unwrap_or_default();
            let free = wanted.contains("app name") || wanted.contains("platform:");
            demand(if free { !got.is_empty() } else { got == wanted }, || {
                format!("userinfo: header {name} is {got:?}")
            })?;
        }
        self.check_body(asked)?;
        let mut body = json!({});
        if facts.text("/account/source") == Some("userinfo") {
            self.put_account(&mut body);
            if let Some(within) = ["slack", "slack-user"].contains(&facts.id()).then_some("/team_id") {
                put(&mut body, within, json!("T1"));
            }
        }
        Ok((200, body))
    }

    fn check_body(&self, asked: &Asked) -> Result<(), String> {
        let body = self.facts.text("/userinfo/body").unwrap_or_default();
        let token = self.books.lock().unwrap().access.iter().next().cloned().unwrap_or_default();
        if let Some(template) = body.strip_prefix("json: ") {
            let wanted: Value =
                serde_json::from_str(&self.fill(&template.replace("{access_token}", &token))).unwrap();
            return demand(asked.json() == wanted, || format!("userinfo: another body than {wanted}"));
        }
        if let Some(template) = body.strip_prefix("form: ") {
            for pair in template.split('&') {
                let (name, value) = pair.split_once('=').unwrap();
                let wanted = self.fill(&value.replace("{access_token}", &token));
                let got = asked.form();
                demand(find(&got, name) == Some(&wanted), || {
                    format!("userinfo: {name} is {:?}", find(&got, name))
                })?;
            }
            return Ok(());
        }
        demand(asked.body.is_empty(), || "userinfo: a body".to_owned())
    }

    pub(crate) fn lookup(&self, asked: &Asked) -> Said {
        let url = self.facts.text("/post_connect/url").unwrap();
        let is_in_query = url.contains("access_token={access_token}");
        let usual = self.facts.text("/userinfo/auth").unwrap_or("bearer");
        let place = if is_in_query { "query:access_token" } else { usual };
        self.check_token(asked, place, "lookup")?;
        let mut body = json!({});
        let session = self.open_session();
        let (pick, base) = match &session {
            Some(session) => (session.as_str(), SESSION_API),
            None => ("site-1", "https://api.sim.test"),
        };
        for (name, value) in [("pick", pick), ("label", "Site One"), ("base", base)] {
            if let Some(pointer) = self.facts.text(&format!("/post_connect/{name}")) {
                put(&mut body, pointer, json!(value));
            }
        }
        Ok((200, body))
    }
}

fn unsigned(claims: &Value, number: usize) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.sig{number}", part(&json!({"alg": "none"})), part(claims))
}
