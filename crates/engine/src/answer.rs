//! Token answers in the provider's own shape, made what RFC 6749, section 5 says: an error has an error's
//! status, numbers are numbers, scopes are a text with spaces. What can't be read is left for the library to
//! refuse.

use std::collections::BTreeMap;

use ::http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantway_catalog::{Answer, Pointers, Provider};
use grantway_core::Timestamp;
use oauth2::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the library is asked to keep beside the standard's fields. Prints nothing: it holds the whole answer.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    #[serde(default)]
    pub(crate) answer: Value,
    #[serde(default)]
    pub(crate) extra: BTreeMap<String, String>,
}

impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Extra(…)")
    }
}

impl oauth2::ExtraTokenFields for Extra {}

/// An error whose code is not told.
const UNNAMED: &str = "server_response";

/// The standard's word for a dead grant.
const DEAD: &str = "invalid_grant";

/// Later than any time in seconds that is meant: milliseconds from here on.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

pub(crate) fn standardize(provider: &Provider, answer: HttpResponse, now: Timestamp) -> HttpResponse {
    let (mut parts, body) = answer.into_parts();
    let Some(told @ Value::Object(_)) = read(&parts.headers, &body) else {
        return HttpResponse::from_parts(parts, body);
    };
    let rules = &provider.answer;
    let fields = match error_in(rules, &told, parts.status) {
        Some(error) => {
            if parts.status.is_success() {
                parts.status = StatusCode::BAD_REQUEST;
            }
            json!({"error": error})
        }
        None => success(provider, told, now),
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    HttpResponse::from_parts(parts, fields.to_string().into_bytes())
}

/// The error's code, in the standard's words where the catalog knows that it means a dead grant.
fn error_in(rules: &Answer, told: &Value, status: StatusCode) -> Option<String> {
    let named = rules.error.find(told).and_then(|_| rules.error.text(told).or(Some(UNNAMED.to_owned())));
    // `0` is how some say that there is none.
    let named = named.filter(|error| error != "0");
    let is_broken = rules.ok.as_ref().is_some_and(|ok| !ok.holds(told));
    if status.is_success() && !is_broken && (named.is_none() || rules.ok.is_some()) {
        return None;
    }
    let error = named.unwrap_or_else(|| UNNAMED.to_owned());
    Some(if rules.dead.contains(&error) { DEAD.to_owned() } else { error })
}

/// Whether an answer with a good status says that nothing was done. What is not JSON, or tells nothing, does
/// not.
pub(crate) fn denies(rules: &Answer, answer: &HttpResponse) -> bool {
    let Some(told @ Value::Object(_)) = read(answer.headers(), answer.body()) else { return false };
    // Other requests than the token's need not repeat what its answers promise.
    let is_silent = rules.ok.as_ref().is_some_and(|ok| ok.pointer().find(&told).is_none());
    !is_silent && error_in(rules, &told, answer.status()).is_some_and(|error| error != DEAD)
}

fn success(provider: &Provider, told: Value, now: Timestamp) -> Value {
    let rules = &provider.answer;
    let mut fields = Map::new();
    for (name, at) in [
        ("access_token", &rules.access_token),
        ("refresh_token", &rules.refresh_token),
        ("id_token", &rules.id_token),
    ] {
        if let Some(value) = at.text(&told) {
            fields.insert(name.to_owned(), value.into());
        }
    }
    // How a token is carried is the catalog's word, but one that is bound to a key is of no use to us.
    let kind = told.get("token_type").and_then(Value::as_str).unwrap_or("bearer").to_ascii_lowercase();
    let is_bound = ["dpop", "mac", "pop"].contains(&kind.as_str());
    if !is_bound {
        fields.insert("token_type".to_owned(), "bearer".into());
    }
    if let Some(seconds) = lifetime(rules, &told, now) {
        fields.insert("expires_in".to_owned(), seconds.into());
    }
    if let Some(scope) = scopes(provider, &told) {
        fields.insert("scope".to_owned(), scope.into());
    }
    let extra: Map<_, _> =
        rules.extra.iter().filter_map(|(name, at)| Some((name.clone(), at.text(&told)?.into()))).collect();
    fields.insert("extra".to_owned(), extra.into());
    fields.insert("answer".to_owned(), told);
    Value::Object(fields)
}

/// Seconds from now until the access token ends; nothing when it does not, or nobody knows.
fn lifetime(rules: &Answer, told: &Value, now: Timestamp) -> Option<u64> {
    let until = |end: i64| u64::try_from((end - now.unix_seconds()).max(1)).ok();
    let number = |at: &Pointers| at.text(told).and_then(|text| text.parse::<f64>().ok());
    if let Some(seconds) = number(&rules.expires_in).filter(|seconds| *seconds > 0.0) {
        return Some(seconds as u64);
    }
    if let Some(end) = rules.expires_at.as_ref().and_then(|at| at.text(told)).and_then(|text| moment(&text)) {
        return until(end);
    }
    if let Some(end) =
        rules.expires_by_jwt.then(|| rules.access_token.text(told)).flatten().and_then(|token| exp(&token))
    {
        return until(end);
    }
    rules.default_expires_in.and_then(|seconds| u64::try_from(seconds).ok())
}

/// Unix seconds, Unix milliseconds or ISO 8601, as Unix seconds.
fn moment(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) if number >= MILLISECONDS_FROM => Some(number / 1000),
        Ok(number) => Some(number),
        Err(_) => serde_json::from_value::<Timestamp>(text.into()).ok().map(Timestamp::unix_seconds),
    }
}

fn exp(token: &str) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

/// A JWT's claims, unproved.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

fn scopes(provider: &Provider, told: &Value) -> Option<String> {
    let rules = &provider.answer;
    let list = |found: Option<&Value>| list(provider, found);
    let mut all = list(rules.scope.find(told));
    let second = rules.second_scope.as_ref().and_then(|at| at.find(told));
    if let (Some(rule), Some(second)) = (&provider.second_scopes, second) {
        let second = list(Some(second)).unwrap_or_default();
        all.get_or_insert_default().extend(second.into_iter().map(|scope| format!("{}{scope}", rule.prefix)));
    }
    all.filter(|all| !all.is_empty()).map(|all| all.join(" "))
}

/// Some answer scopes as they are asked for, whatever the standard says of spaces.
fn list(provider: &Provider, found: Option<&Value>) -> Option<Vec<String>> {
    let rules = &provider.answer;
    let ours = |scope: &str| rules.scope_aliases.get(scope).cloned().unwrap_or_else(|| scope.to_owned());
    match found? {
        Value::String(text) => {
            let separators = [rules.scope_separator.as_str(), provider.scope_separator.as_str()];
            let is_between = |c: char| c.is_whitespace() || separators.iter().any(|known| known.contains(c));
            Some(text.split(is_between).filter(|scope| !scope.is_empty()).map(ours).collect())
        }
        Value::Array(scopes) => Some(scopes.iter().filter_map(Value::as_str).map(ours).collect()),
        _ => None,
    }
}

/// JSON, or the form that a few still answer.
fn read(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = || {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
        let is_answer = pairs.iter().any(|(name, _)| name == "access_token" || name == "error");
        is_answer
            .then(|| Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect()))
    };
    if kind.starts_with("application/x-www-form-urlencoded") {
        return form();
    }
    serde_json::from_slice(body).ok().or_else(form)
}

#[cfg(test)]
mod tests;
