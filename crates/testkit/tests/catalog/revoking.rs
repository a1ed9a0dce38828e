//! Revocation: the standard's form, and the others as the facts put them into words.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::{
    asked::{Asked, Pairs, demand, find},
    simulator::{CLIENT_ID, Said, Simulator},
};

impl Simulator<'_> {
    /// The same address may serve other requests as well.
    pub(crate) fn is_revocation(&self, asked: &Asked) -> bool {
        let same = |pointer: &str| {
            let url = self.facts.text(pointer).map(|url| self.fill_url(url));
            url.is_some_and(|url| asked.is_at(&url))
        };
        if !same("/token_url") && !same("/userinfo/url") {
            return true;
        }
        asked.method == "DELETE" || find(&asked.form(), "grant_type") == Some("delete")
    }

    pub(crate) fn revoke(&self, asked: &Asked) -> Said {
        let facts = self.facts;
        let method = facts.text("/revoke/method").unwrap_or("POST");
        demand(asked.method == method, || format!("revoke: {} instead of {method}", asked.method))?;
        if facts.text("/revoke/style") == Some("rfc7009") {
            self.revoke_by_rfc(asked)?;
        } else {
            self.revoke_by_words(asked, facts.text("/revoke/how").unwrap_or_default())?;
        }
        let mut books = self.books.lock().unwrap();
        books.access.clear();
        books.refresh.clear();
        Ok((200, json!({})))
    }

    fn is_ours(&self, token: &str) -> bool {
        let books = self.books.lock().unwrap();
        books.access.contains(token) || books.refresh.contains(token)
    }

    fn revoke_by_rfc(&self, asked: &Asked) -> Result<(), String> {
        let form = asked.form();
        let token = find(&form, "token").unwrap_or_default();
        demand(self.is_ours(token), || "revoke: no token of ours".to_owned())?;
        let named = find(&form, "client_id") == Some(CLIENT_ID);
        let quiet = self.facts.text("/revoke/client_auth") == Some("none");
        let basic = asked.header("authorization").is_some_and(|value| value.starts_with("Basic "));
        let fits = if quiet { !named && !basic } else { named || basic };
        demand(fits, || format!("revoke: client_auth is {:?}", self.facts.text("/revoke/client_auth")))
    }

    /// The words name a carrier (bearer, Basic, a header, query, JSON, form) and the fields.
    fn revoke_by_words(&self, asked: &Asked, how: &str) -> Result<(), String> {
        let first = how.split([';', '.']).next().unwrap_or_default();
        let bearer = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if first.contains("X-Shopify-Access-Token") {
            let token = asked.header("x-shopify-access-token").unwrap_or_default();
            return demand(self.is_ours(token), || "revoke: no token in the header".to_owned());
        }
        if first.starts_with("bearer") || first.starts_with("user access token as bearer") {
            return demand(bearer.is_some_and(|token| self.is_ours(token)), || {
                "revoke: no bearer".to_owned()
            });
        }
        if first.starts_with("secret key") {
            demand(bearer == Some(&self.secret), || "revoke: no secret key".to_owned())?;
        }
        if first.contains("Basic client credentials") || first.starts_with("Basic") {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let wanted = STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(&self.secret)));
            let got = asked.header("authorization").unwrap_or_default();
            demand(got == format!("Basic {wanted}"), || "revoke: no Basic credentials".to_owned())?;
        }
        if first.contains("Client {client_secret}") {
            let got = asked.header("authorization").unwrap_or_default();
            demand(got == format!("Client {}", self.secret), || "revoke: no client header".to_owned())?;
        }
        let pairs = self.carried(asked, how);
        self.check_fields(&pairs, how)
    }

    fn carried(&self, asked: &Asked, how: &str) -> Pairs {
        if asked.header("content-type") == Some("application/json") && how.contains("JSON") {
            let object = asked.json();
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return object
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect();
        }
        // «in query or body» leaves the choice.
        if how.contains("in query") || how.contains("in the query") {
            let query = asked.query();
            if !query.is_empty() || !how.contains("or body") {
                return query;
            }
        }
        asked.form()
    }

    fn check_fields(&self, pairs: &Pairs, how: &str) -> Result<(), String> {
        let words: Vec<&str> = how
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect();
        let named = |word: &str| words.contains(&word);
        let mut tokens = 0;
        for (field, wanted) in [
            ("client_id", CLIENT_ID),
            ("client_key", CLIENT_ID),
            ("app_id", CLIENT_ID),
            ("clientId", CLIENT_ID),
            ("client_secret", &self.secret),
            ("secret", &self.secret),
            ("clientSecret", &self.secret),
        ] {
            let is_field = named(field) && !(field == "secret" && how.contains("secret key"));
            let in_header = how.contains("Client {client_secret}") && field == "client_secret";
            if is_field && !in_header {
                demand(find(pairs, field) == Some(wanted), || {
                    format!("revoke: {field} is {:?}", find(pairs, field))
                })?;
            }
        }
        for field in ["token", "access_token", "accessToken", "refresh_token"] {
            if let Some(token) = find(pairs, field) {
                demand(self.is_ours(token), || format!("revoke: {field} is not ours"))?;
                tokens += 1;
            }
        }
        if named("grant_type") {
            demand(find(pairs, "grant_type") == Some("delete"), || "revoke: grant_type".to_owned())?;
            demand(find(pairs, "service_provider") == Some("NAVER"), || {
                "revoke: service_provider".to_owned()
            })?;
        }
        let by_account = named("stripe_user_id");
        if by_account {
            demand(find(pairs, "stripe_user_id").is_some(), || "revoke: no account".to_owned())?;
        }
        demand(tokens == 1 || by_account, || format!("revoke: {tokens} tokens of ours in {:?}", names(pairs)))
    }
}

fn names(pairs: &Pairs) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
