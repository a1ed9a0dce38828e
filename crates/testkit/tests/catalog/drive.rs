//! One provider from question to revocation, as crates/service walks it.

use std::{collections::BTreeMap, sync::Arc};

use grantway_catalog::{JwtAlgorithm, Pkce, Provider, RefreshBy, Source};
use grantway_core::{Secret, Timestamp, flow::AcceptedCode, grant::Account};
use grantway_engine::{
    AuthorizeRequest, Client, Directory, EngineError, Proof, TokenSet, authorize, callback, exchange,
    identify, look_up, refresh, revoke,
};
use grantway_testkit::{SeededEntropy, ToldClock};

use crate::{
    answers::EMAIL,
    asked::demand,
    facts::Facts,
    simulator::{CLIENT_ID, REDIRECT_URI, SECRET, Simulator},
};

/// What was walked.
pub(crate) struct Outcome {
    pub(crate) pkce: bool,
    pub(crate) source: Source,
    pub(crate) refreshed: bool,
    pub(crate) revoked: bool,
}

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// The walk's own complaints come before the simulator's, which say why.
pub(crate) async fn drive(id: &str, provider: &Provider, facts: &Facts) -> Result<Outcome, String> {
    let clock = Arc::new(ToldClock::at(NOW));
    let parameters: BTreeMap<_, _> = provider
        .parameters
        .iter()
        .map(|parameter| {
            let usual = parameter.default.clone().filter(|_| parameter.from_callback.is_none());
            (parameter.name.clone(), usual.unwrap_or_else(|| parameter.example.clone()))
        })
        .collect();
    let mut known = parameters.clone();
    // What the catalog takes from an answer instead of asking for it.
    if id == "wrike" {
        known.insert("api_host".to_owned(), "app-eu.wrike.com".to_owned());
    }
    let secret = secret_of(provider);
    let issuer =
        provider.issuer.as_ref().map(|issuer| issuer.fill(|name| parameters.get(name).cloned()).unwrap());
    let simulator = Arc::new(Simulator {
        facts,
        secret: secret.clone(),
        parameters: known,
        clock: clock.clone(),
        issuer,
        books: std::sync::Mutex::default(),
    });
    let walked = walk(&simulator, provider, &parameters, &Secret::new(secret), &clock).await;
    let complaints = simulator.books.lock().unwrap().complaints.join("; ");
    match walked {
        Ok(outcome) if complaints.is_empty() => Ok(outcome),
        Ok(_) => Err(complaints),
        Err(why) => Err(format!("{why} ({complaints})")),
    }
}

/// A private key where the client signs.
fn secret_of(provider: &Provider) -> String {
    let signs_jwt = provider.client_jwt.as_ref().map(|jwt| jwt.alg);
    let signs_request = provider.request_signature.as_ref().map(|_| JwtAlgorithm::RS256);
    let secret = match signs_jwt.or(signs_request) {
        None => SECRET,
        Some(JwtAlgorithm::ES256) => include_str!("key.pem"),
        Some(JwtAlgorithm::RS256) => include_str!("key-rsa.pem"),
    };
    secret.to_owned()
}

/// The client that walks, and what it walks with.
pub(crate) struct Walker<'a> {
    pub(crate) simulator: &'a Simulator<'a>,
    directory: &'a Directory,
    pub(crate) client: Client<'a>,
}

/// What the browser brought back.
struct Arrived {
    state: Secret,
    code: Secret,
    verifier: Secret,
    nonce: Option<&'static str>,
    scopes: Vec<String>,
    kept: BTreeMap<String, String>,
}

async fn walk(
    simulator: &Arc<Simulator<'_>>,
    provider: &Provider,
    parameters: &BTreeMap<String, String>,
    secret: &Secret,
    clock: &Arc<ToldClock>,
) -> Result<Outcome, String> {
    let entropy = SeededEntropy::new(1);
    // The directory wants an owner; the metadata it reads is the simulator's.
    let metadata = Arc::new(Metadata(simulator.issuer.clone(), facts_endpoints(simulator)));
    let directory = Directory::new(metadata, clock.clone());
    let endpoints =
        directory.endpoints(provider, parameters).await.map_err(|error| format!("endpoints: {error}"))?;
    let client = Client {
        provider,
        endpoints: &endpoints,
        client_id: CLIENT_ID,
        client_secret: Some(secret),
        redirect_uri: REDIRECT_URI,
        parameters,
        entropy: &entropy,
    };
    let walker = Walker { simulator, directory: &directory, client };
    let arrived = walker.leave().await?;
    let mut tokens = walker.exchange(&arrived).await.map_err(|error| format!("exchange: {error}"))?;
    check_tokens(simulator, &tokens)?;
    walker.identify(&arrived, &mut tokens).await?;
    walker.call(&tokens).await?;
    let refreshed = refresh_once(simulator, &walker.client, &mut tokens).await?;
    walker.call(&tokens).await?;
    let revoked = walker.revoke(&tokens).await?;
    walker.refused(&arrived, &tokens).await?;
    let (pkce, source) = (provider.pkce != Pkce::Off, provider.account.source);
    Ok(Outcome { pkce, source, refreshed, revoked })
}

impl Walker<'_> {
    /// As `crates/service/src/depart.rs` does it.
    async fn leave(&self) -> Result<Arrived, String> {
        let (client, provider) = (&self.client, self.client.provider);
        let fill = |scope: &String| {
            grantway_catalog::Template::from(scope.as_str())
                .fill_known(|name| client.parameters.get(name).cloned())
        };
        let scopes: Vec<String> = provider.scopes.iter().chain(&provider.always_scopes).map(fill).collect();
        let is_openid = provider.issuer.is_some() && scopes.iter().any(|scope| scope == "openid");
        let wants_id_token = is_openid || provider.account.source == Source::IdToken;
        let nonce = (wants_id_token || provider.nonce).then_some("nonce-1234");
        let request = AuthorizeRequest { scopes: &scopes, nonce, extra: None };
        let away = authorize(self.simulator, client, &request, NOW).await;
        let away = away.map_err(|error| format!("authorize: {error}"))?;

        let back = self.simulator.authorize(&away.url)?;
        let pairs: Vec<(String, String)> = back.query_pairs().into_owned().collect();
        let told = callback::read(provider, client.client_secret, &pairs);
        let told = told.map_err(|error| format!("callback: {error}"))?;
        let code = told.params.code.ok_or("callback: no code")?;
        Ok(Arrived { state: away.state, code, verifier: away.verifier, nonce, scopes, kept: told.kept })
    }

    async fn exchange(&self, arrived: &Arrived) -> Result<TokenSet, EngineError> {
        let plain = Secret::new(format!("{}\n{}", arrived.state.expose(), arrived.code.expose()));
        let code = AcceptedCode::from_plain(&plain).unwrap();
        let proof = Proof { code, verifier: &arrived.verifier, kept: &arrived.kept };
        exchange(self.simulator, &self.client, proof, NOW).await
    }

    /// Whose the tokens are, and what API calls need.
    async fn identify(&self, arrived: &Arrived, tokens: &mut TokenSet) -> Result<(), String> {
        let (client, facts) = (&self.client, self.simulator.facts);
        let Arrived { nonce, scopes, kept, .. } = arrived;
        let asked = identify::Asked { nonce: *nonce, scopes, kept, now: NOW };
        let account = identify::identify(self.simulator, self.directory, client, tokens, asked).await;
        let account = account.map_err(|error| format!("identify: {error}"))?;
        check_account(self.simulator, client.provider, &account)?;
        let found = look_up(self.simulator, client, tokens).await;
        tokens.extra.extend(found.map_err(|error| format!("lookup: {error}"))?);
        if facts.text("/post_connect/pick").is_some() && client.provider.lookup.is_some() {
            let found = ["site", "session"].iter().any(|name| tokens.extra.contains_key(*name));
            demand(found, || "lookup: nothing found".to_owned())?;
        }
        for (name, value) in kept {
            demand(tokens.extra[name].expose() == value, || format!("{name} was not kept"))?;
        }
        Ok(())
    }

    async fn revoke(&self, tokens: &TokenSet) -> Result<bool, String> {
        let (client, facts) = (&self.client, self.simulator.facts);
        let is_known = client.provider.revoke.is_some();
        let told = revoke(self.simulator, client, tokens, NOW).await;
        told.map_err(|error| format!("revoke: {error}"))?;
        let is_done = self.simulator.books.lock().unwrap().access.is_empty();
        demand(!is_known || is_done, || "revoke: tokens live on".to_owned())?;
        demand(is_known || !facts.value("/revoke").is_object() || facts.id() == "heroku", || {
            "the facts know a revocation".to_owned()
        })?;
        Ok(is_known)
    }

    /// What is dead is told in the provider's own shape, and understood: by the standard's word, by each that the
    /// catalog knows to mean the same, and by one that means something else.
    async fn refused(&self, arrived: &Arrived, tokens: &TokenSet) -> Result<(), String> {
        {
            let mut books = self.simulator.books.lock().unwrap();
            books.access.clear();
            books.refresh.clear();
        }
        let known = self.client.provider.answer.dead.iter().map(String::as_str);
        let words = known.chain(["invalid_grant"]).map(|word| (word, EngineError::InvalidGrant));
        for (word, meaning) in words.chain([("another_error", EngineError::Refused)]) {
            self.simulator.books.lock().unwrap().word = Some(word.to_owned());
            let again = self.exchange(arrived).await.map(|_| ());
            demand(again == Err(meaning), || format!("a spent code: {word} is {again:?}"))?;
            if self.client.provider.refresh.by != RefreshBy::Nothing {
                let again = refresh(self.simulator, &self.client, tokens, NOW).await.map(|_| ());
                demand(again == Err(meaning), || format!("a dead token: {word} is {again:?}"))?;
            }
        }
        Ok(())
    }
}

fn check_tokens(simulator: &Simulator<'_>, tokens: &TokenSet) -> Result<(), String> {
    let facts = simulator.facts;
    let expires = facts.value("/access_token_expires") == &serde_json::Value::Bool(true);
    let long = facts.value("/long_lived_exchange").is_object();
    demand(!expires || long || tokens.expires_at.is_some(), || "no expiry was read".to_owned())?;
    if let (true, false, Some(end)) = (expires, long, tokens.expires_at) {
        let ttl = facts.number("/default_expires_in").or(facts.number("/access_token_ttl")).unwrap_or(3600);
        // Longer than ten years is for ever.
        let ttl = ttl.min(10 * 365 * 24 * 3600);
        let got = end.seconds_since(NOW);
        demand(got == ttl, || format!("it lives {got} s, not {ttl}"))?;
    }
    let wants = facts.text("/refresh/kind") == Some("refresh_token");
    demand(wants == tokens.refresh_token.is_some(), || "a refresh token was lost or made up".to_owned())?;
    if facts.text("/token_response/api_base").is_some() {
        demand(tokens.extra.contains_key("api_base"), || "the API's address was not kept".to_owned())?;
    }
    let scopes: std::collections::BTreeSet<_> = simulator.scopes().into_iter().collect();
    if let Some(got) = &tokens.scopes {
        let got = got.iter().cloned().collect();
        demand(scopes == got, || format!("scopes {got:?}, not {scopes:?}"))?;
    }
    Ok(())
}

fn check_account(simulator: &Simulator<'_>, provider: &Provider, account: &Account) -> Result<(), String> {
    let facts = simulator.facts;
    if provider.account.source == Source::Nothing {
        return Ok(());
    }
    let got = account.id.clone().unwrap_or_default();
    let id = simulator.account_id();
    let from_callback = facts.text("/account/source") == Some("callback");
    if facts.text("/account/id").is_some_and(|at| at.to_ascii_lowercase().contains("mail")) {
        // What the facts have is no stable id, so the catalog takes none.
        return demand(account.id.is_none() && account.identifier().is_some(), || {
            format!("an address is the id: {got}")
        });
    }
    let fits = got == id || got.ends_with(&format!(":{id}")) || (from_callback && got.starts_with("kept-"));
    demand(fits, || format!("the account's id is {got:?}, not {id:?}"))?;
    if facts.text("/account/email").is_some_and(|pointer| pointer.starts_with('/')) {
        let same = facts.text("/account/email") == facts.text("/account/id");
        demand(same || account.email.as_deref() == Some(EMAIL), || {
            format!("the address is {:?}", account.email)
        })?;
    }
    demand(account.identifier().is_some(), || "nobody would recognise the account".to_owned())
}

async fn refresh_once(
    simulator: &Simulator<'_>,
    client: &Client<'_>,
    tokens: &mut TokenSet,
) -> Result<bool, String> {
    let facts = simulator.facts;
    let kind = facts.text("/refresh/kind").unwrap_or_default();
    let by = client.provider.refresh.by;
    let fits = match kind {
        "none" => by == RefreshBy::Nothing,
        "exchange_access_token" => by == RefreshBy::AccessToken,
        _ => by == RefreshBy::RefreshToken,
    };
    demand(fits, || format!("refresh: {kind}, but by {by:?}"))?;
    if by == RefreshBy::Nothing {
        return Ok(false);
    }
    let fresh = refresh(simulator, client, tokens, NOW).await.map_err(|error| format!("refresh: {error}"))?;
    demand(fresh.access_token.expose() != tokens.access_token.expose(), || {
        "refresh: the same token".to_owned()
    })?;
    if by == RefreshBy::RefreshToken {
        let (old, new) = (tokens.refresh_token.as_ref().unwrap(), fresh.refresh_token.as_ref());
        let replaced = new.is_some_and(|new| new.expose() != old.expose());
        let rotates = facts.text("/refresh/rotates") == Some("yes");
        demand(new.is_some() && replaced == rotates, || {
            "refresh: the refresh token was kept or lost wrongly".to_owned()
        })?;
        if rotates {
            let spent = refresh(simulator, client, tokens, NOW).await.map(|_| ());
            demand(spent == Err(EngineError::InvalidGrant), || format!("a spent token: {spent:?}"))?;
        }
    }
    for name in tokens.extra.keys() {
        demand(fresh.extra.contains_key(name), || format!("refresh: {name} was forgotten"))?;
    }
    *tokens = fresh;
    Ok(true)
}

fn facts_endpoints(simulator: &Simulator<'_>) -> (String, String) {
    let url = |pointer: &str| simulator.fill(simulator.facts.text(pointer).unwrap());
    (url("/authorize_url"), url("/token_url"))
}

/// The issuer's published side, for the directory.
struct Metadata(Option<String>, (String, String));

#[async_trait::async_trait]
impl grantway_engine::Http for Metadata {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, grantway_engine::HttpError> {
        let issuer = self.0.clone().unwrap_or_default();
        let base = issuer.trim_end_matches('/').to_owned();
        let body = if request.uri().to_string().ends_with("/sim-keys") {
            crate::answers::key_set()
        } else {
            serde_json::json!({"issuer": issuer, "authorization_endpoint": self.1.0, "token_endpoint": self.1.1,
                "jwks_uri": format!("{base}/sim-keys")})
        };
        Ok(http::Response::new(body.to_string().into_bytes()))
    }
}
