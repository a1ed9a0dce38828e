//! The rules of a mint request's fields, one function each.

use std::collections::BTreeMap;

use grantway_core::{
    Origin, ProviderId,
    app::{App, Registration},
    grant::User,
};
use url::Url;

use crate::ServiceError;

const DEFAULT_SECONDS: i64 = 600;
const SHORTEST_SECONDS: i64 = 60;
const LONGEST_SECONDS: i64 = 3600;
const MOST_METADATA: usize = 20;
const LONGEST_TEXT: usize = 500;

pub(super) fn expires_in(asked: Option<i64>) -> Result<i64, ServiceError> {
    let seconds = asked.unwrap_or(DEFAULT_SECONDS);
    if (SHORTEST_SECONDS..=LONGEST_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    Err(ServiceError::field("expires_in", format!("must be {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds")))
}

pub(crate) fn user(user: Option<User>) -> Result<User, ServiceError> {
    let user = user.ok_or_else(|| {
        ServiceError::field("user", "is required: {\"id\": …}, the app's own id of its signed-in user")
    })?;
    if user.id.trim().is_empty() || user.id.chars().count() > LONGEST_TEXT {
        return Err(ServiceError::field("user.id", format!("must be 1 to {LONGEST_TEXT} characters")));
    }
    if user.id.contains('\0') {
        // Postgres keeps no NUL in a text.
        return Err(ServiceError::field("user.id", "must not contain NUL"));
    }
    if [".", ".."].contains(&user.id.as_str()) {
        return Err(ServiceError::field("user.id", "must not be `.` or `..`: no URL could name that user"));
    }
    for (field, text) in [("user.email", &user.email), ("user.name", &user.name)] {
        if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
            return Err(ServiceError::field(field, format!("must be at most {LONGEST_TEXT} characters")));
        }
    }
    Ok(user)
}

pub(super) fn allowed_origin(
    app: &App,
    asked: Option<&str>,
    return_url: Option<&Url>,
) -> Result<Origin, ServiceError> {
    if let Some(text) = asked {
        return text.parse().map_err(|rule| ServiceError::field("allowed_origin", rule));
    }
    return_url
        .and_then(|url| Origin::of(url).ok())
        .filter(|origin| app.lists_origin(origin))
        .or_else(|| app.website_origin())
        .ok_or_else(|| {
            let rule = format!(
                "send it, or set `website_url` under [apps.{}]: without it no page could hear of the result",
                app.id
            );
            ServiceError::field("allowed_origin", rule)
        })
}

pub(super) fn check_return_url(app: &App, url: Option<&Url>, allowed: &Origin) -> Result<(), ServiceError> {
    let Some(url) = url else { return Ok(()) };
    let origin = Origin::of(url).map_err(|rule| ServiceError::field("return_url", rule))?;
    if origin == *allowed || app.lists_origin(&origin) {
        return Ok(());
    }
    let rule = format!(
        "{origin} is neither `allowed_origin` ({allowed}) nor listed in `return_origins` under [apps.{}]",
        app.id
    );
    Err(ServiceError::field("return_url", rule))
}

pub(super) fn providers(
    names: &[String],
    registrations: &[Registration],
) -> Result<Vec<ProviderId>, ServiceError> {
    if names.is_empty() {
        return Err(ServiceError::field(
            "allowed_providers",
            "must not be empty; omit it to allow every registered provider",
        ));
    }
    let mut found = Vec::new();
    for name in names {
        let registered = registrations.iter().find(|made| made.provider.as_str() == name);
        let Some(registered) = registered else {
            let known: Vec<_> = registrations.iter().map(|made| made.provider.as_str()).collect();
            let rule = format!("the app has no registration at `{name}`; registered: {}", known.join(", "));
            return Err(ServiceError::field("allowed_providers", rule));
        };
        if !found.contains(&registered.provider) {
            found.push(registered.provider.clone());
        }
    }
    Ok(found)
}

pub(super) fn scopes(
    asked: BTreeMap<String, Vec<String>>,
    providers: &[ProviderId],
    registrations: &[Registration],
) -> Result<BTreeMap<ProviderId, Vec<String>>, ServiceError> {
    let mut checked = BTreeMap::new();
    for (name, scopes) in asked {
        let field = format!("scopes.{name}");
        let Some(registration) = registrations
            .iter()
            .find(|made| made.provider.as_str() == name && providers.contains(&made.provider))
        else {
            return Err(ServiceError::field(field, "is not one of the session's providers"));
        };
        if let Some(scope) = scopes.iter().find(|scope| !registration.allows_scope(scope)) {
            let rule = format!("`{scope}` is not in the registration's `scopes` or `allowed_scopes`");
            return Err(ServiceError::field(field, rule));
        }
        checked.insert(registration.provider.clone(), scopes);
    }
    Ok(checked)
}

pub(super) fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if metadata.len() > MOST_METADATA {
        return Err(ServiceError::field("metadata", format!("at most {MOST_METADATA} pairs")));
    }
    match metadata
        .iter()
        .find(|(key, value)| key.chars().count() > 40 || value.chars().count() > LONGEST_TEXT)
    {
        Some((key, _)) => {
            let rule = format!("keys have at most 40 characters, values at most {LONGEST_TEXT}");
            Err(ServiceError::field(format!("metadata.{key}"), rule))
        }
        None => Ok(()),
    }
}

pub(super) fn check_locale(locale: Option<&str>) -> Result<(), ServiceError> {
    let fits = |text: &str| {
        (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if locale.is_none_or(fits) {
        Ok(())
    } else {
        Err(ServiceError::field("locale", "must be a language tag such as de or pt-BR (BCP 47)"))
    }
}
