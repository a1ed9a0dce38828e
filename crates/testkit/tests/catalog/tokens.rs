//! The token endpoint: the exchange, the refresh, and the trade for a token that lives long.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::{
    asked::{Asked, Pairs, demand, find},
    simulator::{CLIENT_ID, Said, Simulator},
};

impl Simulator<'_> {
    pub(crate) fn token(&self, asked: &Asked) -> Said {
        let refresh_url = self.facts.text("/refresh_url").map(|url| self.fill(url));
        let elsewhere = refresh_url.as_deref().is_some_and(|url| asked.is_at(url));
        if self.facts.text("/refresh/kind") == Some("exchange_access_token") && elsewhere {
            return self.lengthen(asked);
        }
        let pairs = self.parameters_of(asked)?;
        let carries = |name: &str| pairs.iter().any(|(known, _)| known == name);
        let refreshing = carries("refresh_token") || carries("refreshToken");
        if refreshing {
            let apart = refresh_url.as_deref().is_none_or(|url| {
                // Two addresses may differ in their query alone.
                asked.is_at(url)
                    && url
                        .split('?')
                        .nth(1)
                        .is_none_or(|query| asked.url.query().unwrap_or("").contains(query))
            });
            demand(apart, || "refresh: it goes to another URL".to_owned())?;
            self.refresh(asked, &pairs)
        } else {
            demand(
                refresh_url.is_none() || asked.is_at(&self.fill(self.facts.text("/token_url").unwrap())),
                || "exchange: at the refresh URL".to_owned(),
            )?;
            self.exchange(asked, &pairs)
        }
    }

    /// The parameters, if they come in the method and the kind of body that the provider reads.
    fn parameters_of(&self, asked: &Asked) -> Result<Pairs, String> {
        let method = if self.facts.has("token_via_get") { "GET" } else { "POST" };
        demand(asked.method == method, || format!("token: {} instead of {method}", asked.method))?;
        let kind = asked.header("content-type").unwrap_or_default().to_owned();
        let pairs = match self.facts.text("/token_body") {
            Some("query") => asked.query(),
            Some("json") => {
                demand(kind == "application/json", || format!("token: a body of {kind}"))?;
                let object = asked.json();
                let object = object.as_object().ok_or("token: no JSON object")?;
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                object.iter().map(|(name, value)| (name.clone(), text(value))).collect()
            }
            _ => {
                demand(kind == "application/x-www-form-urlencoded", || format!("token: a body of {kind}"))?;
                asked.form()
            }
        };
        for (name, value) in self.facts.pairs("/token_headers") {
            let wanted = self.fill(&value.unwrap_or_default());
            let got = asked.header(&name).unwrap_or_default();
            // A name of the app's own stands for itself.
            let free = wanted.contains("app name") || wanted.contains("platform:");
            demand(if free { !got.is_empty() } else { got == wanted }, || {
                format!("token: header {name} is {got:?}")
            })?;
        }
        Ok(pairs)
    }

    fn check_client(&self, asked: &Asked, pairs: &Pairs, method: &str) -> Result<(), String> {
        let facts = self.facts;
        let (id, secret) =
            (facts.text("/client_id_param").unwrap(), facts.text("/client_secret_param").unwrap());
        let (sent_id, sent_secret) = (find(pairs, id), find(pairs, secret));
        let authorization = asked.header("authorization").unwrap_or_default();
        let own = Some(self.secret.as_str());
        let fits = match (method, facts.text("/token_auth_detail")) {
            (_, Some("client_secret_jwt_es256")) => {
                sent_id == Some(CLIENT_ID) && sent_secret.is_some_and(is_jwt)
            }
            (_, Some("private_key_jwt")) => {
                find(pairs, "client_assertion").is_some_and(is_jwt)
                    && find(pairs, "client_assertion_type")
                        == Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            }
            (_, Some("secret_key_basic")) => authorization == format!("Bearer {}", self.secret),
            (_, Some("header_secret_key")) => asked.header("secret_key") == own && sent_id == Some(CLIENT_ID),
            ("client_secret_basic", _) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let wanted = STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(&self.secret)));
                authorization == format!("Basic {wanted}") && sent_secret.is_none()
            }
            ("signed_request", _) => {
                self.check_request_signature(pairs)?;
                sent_id == Some(CLIENT_ID) && sent_secret.is_none()
            }
            ("none", _) => {
                sent_secret.is_none() && (facts.has("no_client_id") != (sent_id == Some(CLIENT_ID)))
            }
            _ => sent_id == Some(CLIENT_ID) && sent_secret == own && authorization.is_empty(),
        };
        demand(fits, || format!("token: the client is not proved by {method}"))
    }

    fn check_fixed(&self, pointer: &str, pairs: &Pairs, state: Option<&str>) -> Result<(), String> {
        for (name, value) in self.facts.pairs(pointer) {
            let Some(value) = value else {
                demand(find(pairs, &name).is_none(), || format!("token: {name} must not be sent"))?;
                continue;
            };
            // Tokens are checked for their own sake.
            if value.contains("{refresh_token}") || value.contains("{access_token}") {
                continue;
            }
            let wanted = value.replace("{state}", state.unwrap_or_default());
            let wanted = self.fill(&wanted);
            let got = find(pairs, &name);
            // A state is of the first request; a refresh has none.
            let free = value == "{state}" && state.is_none();
            demand(free || got == Some(wanted.as_str()), || {
                format!("token: {name} is {got:?}, not {wanted:?}")
            })?;
        }
        Ok(())
    }

    fn check_grant_type(&self, pointer: &str, pairs: &Pairs, usual: &str) -> Result<(), String> {
        let named = self.facts.pairs(pointer).into_iter().any(|(name, _)| name == "grant_type");
        if named || self.facts.has("camel_case_params") {
            return Ok(());
        }
        let wanted = (!self.facts.has("type_instead_of_grant")).then_some(usual);
        let got = find(pairs, "grant_type");
        demand(got == wanted, || format!("token: grant_type is {got:?}, not {wanted:?}"))
    }

    fn exchange(&self, asked: &Asked, pairs: &Pairs) -> Said {
        self.check_client(asked, pairs, self.facts.text("/token_auth_method").unwrap())?;
        self.check_grant_type("/token_params", pairs, "authorization_code")?;
        let name =
            if ["tiktok-ads", "tiktok-shop"].contains(&self.facts.id()) { "auth_code" } else { "code" };
        let code = find(pairs, name).ok_or("token: no code")?;
        let Some(ask) = self.books.lock().unwrap().codes.remove(code) else { return Ok(self.dead()) };
        self.check_fixed("/token_params", pairs, Some(&ask.state))?;
        let (redirect, wanted) = (find(pairs, self.redirect_param()), self.redirect_value());
        let is_refused = self.facts.pairs("/token_params").contains(&("redirect_uri".to_owned(), None));
        demand(redirect == (!is_refused).then_some(wanted.as_str()), || {
            format!("token: redirect_uri is {redirect:?}")
        })?;
        demand(Self::verifies(&ask, find(pairs, "code_verifier")), || {
            "token: PKCE does not verify".to_owned()
        })?;
        Ok((200, self.tokens(ask.nonce.as_deref(), true)))
    }

    fn refresh(&self, asked: &Asked, pairs: &Pairs) -> Said {
        let method =
            self.facts.text("/refresh_auth_method").or(self.facts.text("/token_auth_method")).unwrap();
        if self.facts.has("refresh_without_client") {
            let quiet = find(pairs, "client_id").is_none() && find(pairs, "client_secret").is_none();
            demand(quiet, || "refresh: the client is named".to_owned())?;
        } else {
            self.check_client(asked, pairs, method)?;
        }
        self.check_grant_type("/refresh_params", pairs, "refresh_token")?;
        self.check_fixed("/refresh_params", pairs, None)?;
        let token = find(pairs, "refresh_token").or(find(pairs, "refreshToken")).unwrap_or_default();
        let rotates = self.facts.text("/refresh/rotates") == Some("yes");
        if !self.books.lock().unwrap().refresh.contains(token) {
            return Ok(self.dead());
        }
        {
            let mut books = self.books.lock().unwrap();
            if rotates {
                books.refresh.remove(token);
            }
            books.access.clear();
            books.session = None;
        }
        Ok((200, self.tokens(None, rotates)))
    }

    /// The same address may serve the exchange as well.
    pub(crate) fn names_long_lived(&self, asked: &Asked) -> bool {
        let wanted = self.facts.text("/long_lived_exchange/params/grant_type").unwrap_or_default();
        asked.query().iter().chain(&asked.form()).any(|(name, value)| name == "grant_type" && value == wanted)
    }

    pub(crate) fn lengthen(&self, asked: &Asked) -> Said {
        let first = self.names_long_lived(asked);
        let (pointer, method) = if first {
            ("/long_lived_exchange/params", self.facts.text("/long_lived_exchange/method").unwrap_or("POST"))
        } else {
            ("/refresh_params", "GET")
        };
        demand(asked.method == method, || format!("long-lived: {} instead of {method}", asked.method))?;
        let pairs = if method == "GET" { asked.query() } else { asked.form() };
        let mut old = None;
        for (name, value) in self.facts.pairs(pointer) {
            let value = value.unwrap_or_default();
            let got = find(&pairs, &name);
            if value == "{access_token}" {
                old = got.map(str::to_owned);
            } else {
                demand(got == Some(self.fill(&value).as_str()), || format!("long-lived: {name} is {got:?}"))?;
            }
        }
        let living = old.is_some_and(|old| self.books.lock().unwrap().access.remove(&old));
        if !living {
            return Ok(self.dead());
        }
        let token = self.issue_access(None);
        Ok((200, json!({"access_token": token, "token_type": "bearer", "expires_in": 5_184_000})))
    }
}

fn is_jwt(text: &str) -> bool {
    text.split('.').count() == 3 && text.len() > 60
}
