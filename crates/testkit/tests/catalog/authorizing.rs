//! The authorization endpoint: what it demands of a request, and the answer that the browser brings back.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    asked::{Pairs, demand, find},
    simulator::{Ask, CLIENT_ID, REDIRECT_URI, Simulator},
};

impl Simulator<'_> {
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
        let (param, scopes) = (facts.text("/scope_param").unwrap(), self.scopes());
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
}
