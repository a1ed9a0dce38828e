//! One provider from question to revocation, as crates/service walks it.

use std::{collections::BTreeMap, sync::Arc};

use grantway_catalog::{Pkce, Provider, RefreshBy, Source};
use grantway_core::{Secret, Timestamp, flow::AcceptedCode, grant::Account};
use grantway_engine::{
    AuthorizeRequest, Client, Directory, Proof, TokenSet, authorize, callback, exchange, identify, look_up,
    refresh, revoke,
};
use grantway_testkit::{SeededEntropy, ToldClock};

use crate::{
    answers::EMAIL,
    facts::Facts,
    simulator::{CLIENT_ID, REDIRECT_URI, SECRET, Simulator, demand},
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
    let signs = provider.client_jwt.is_some();
    let secret = if signs { signing_key(provider) } else { SECRET.to_owned() };
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

fn signing_key(provider: &Provider) -> String {
    match provider.client_jwt.as_ref().unwrap().alg {
        grantway_catalog::JwtAlgorithm::ES256 => include_str!("key.pem").to_owned(),
        grantway_catalog::JwtAlgorithm::RS256 => include_str!("key-rsa.pem").to_owned(),
    }
}

async fn walk(
    simulator: &Arc<Simulator<'_>>,
    provider: &Provider,
    parameters: &BTreeMap<String, String>,
    secret: &Secret,
    clock: &Arc<ToldClock>,
) -> Result<Outcome, String> {
    let facts = simulator.facts;
    let http = &**simulator;
    let entropy = SeededEntropy::new(1);
    // The directory wants an owner; the metadata it reads is the simulator's.
    let directory = Directory::new(
        Arc::new(Metadata(simulator.issuer.clone(), facts_endpoints(simulator))),
        clock.clone(),
    );
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
    let scopes: Vec<String> = provider.scopes.iter().chain(&provider.always_scopes).cloned().collect();
    let is_openid = provider.issuer.is_some() && scopes.iter().any(|scope| scope == "openid");
    let wants_id_token = is_openid || provider.account.source == Source::IdToken;
    let nonce = (wants_id_token || provider.nonce).then_some("nonce-1234");
    let request = AuthorizeRequest { scopes: &scopes, nonce, extra: None };
    let away =
        authorize(http, &client, &request, NOW).await.map_err(|error| format!("authorize: {error}"))?;

    let back = simulator.authorize(&away.url)?;
    let pairs: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    let told =
        callback::read(provider, Some(secret), &pairs).map_err(|error| format!("callback: {error}"))?;
    let code = told.params.code.ok_or("callback: no code")?;
    let plain = Secret::new(format!("{}\n{}", away.state.expose(), code.expose()));
    let proof =
        Proof { code: AcceptedCode::from_plain(&plain).unwrap(), verifier: &away.verifier, kept: &told.kept };
    let mut tokens =
        exchange(http, &client, proof, NOW).await.map_err(|error| format!("exchange: {error}"))?;
    check_tokens(facts, &tokens)?;

    let asked = identify::Asked { nonce, scopes: &scopes, kept: &told.kept, now: NOW };
    let account = identify::identify(http, &directory, &client, &tokens, asked).await;
    check_account(simulator, provider, &account.map_err(|error| format!("identify: {error}"))?)?;
    tokens.extra.extend(look_up(http, &client, &tokens).await.map_err(|error| format!("lookup: {error}"))?);
    if facts.text("/post_connect/pick").is_some() && provider.lookup.is_some() {
        demand(tokens.extra.contains_key("site"), || "lookup: nothing found".to_owned())?;
    }
    for (name, value) in &told.kept {
        demand(tokens.extra[name].expose() == value, || format!("{name} was not kept"))?;
    }

    let refreshed = refresh_once(simulator, &client, &mut tokens).await?;
    let revocable = provider.revoke.is_some();
    revoke(http, &client, &tokens, NOW).await.map_err(|error| format!("revoke: {error}"))?;
    let books = simulator.books.lock().unwrap();
    demand(!revocable || books.access.is_empty(), || "revoke: tokens live on".to_owned())?;
    let says = |pointer: &str| facts.value(pointer).is_object();
    demand(revocable || !says("/revoke") || facts.id() == "heroku", || {
        "the facts know a revocation".to_owned()
    })?;
    Ok(Outcome {
        pkce: provider.pkce != Pkce::Off,
        source: provider.account.source,
        refreshed,
        revoked: revocable,
    })
}

fn check_tokens(facts: &Facts, tokens: &TokenSet) -> Result<(), String> {
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
    let scopes: std::collections::BTreeSet<_> = facts.list("/default_scopes").into_iter().collect();
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
