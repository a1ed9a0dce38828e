//! `grantway check`: reads everything that `serve` would and asks every issuer. It declares nothing;
//! all that it may change is an older database's schema.
#![expect(clippy::print_stdout, reason = "a command line prints")]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use grantway_catalog::{AskedOf, Catalog, Parameter, Provider};
use grantway_core::{AppId, ProviderId, RegistrationId};
use grantway_engine::Directory;
use grantway_service::{AppSpec, RegistrationSpec, ServiceError, check_webhooks};

use crate::server::{
    adapters::{ReqwestHttp, SystemClock},
    config::Settings,
    database::Database,
    start::{self, StartError},
};

/// Tells what is wrong, a line each.
///
/// # Errors
/// What would keep the server from starting.
pub async fn run(file: Option<&Path>) -> Result<(), StartError> {
    let settings = Settings::read(file)?;
    let catalog = settings.catalog()?;
    println!("settings   ok, {} providers known", catalog.iter().count());
    check_database(&settings).await?;
    let directory = Directory::new(ReqwestHttp::new(settings.egress())?, Arc::new(SystemClock));
    let apps = settings.app_specs();
    let mut wrong = 0;
    if apps.is_empty() {
        println!(
            "apps       none declared: add [apps.NAME.providers.PROVIDER] with client_id and client_secret"
        );
    }
    for app in &apps {
        check_app(app);
        wrong += usize::from(!webhooks_fit(app));
        for registration in &app.registrations {
            let found = find(&directory, &catalog, &app.id, registration).await;
            wrong += usize::from(found.is_err());
            tell_registration(&settings, &app.id, &registration.provider, found);
        }
    }
    println!(
        "risk       a session minted with `link: confirm` can be forwarded to someone who clicks through; prefer `link: code`"
    );
    if wrong == 0 { Ok(()) } else { Err(StartError::Wrong(wrong)) }
}

/// One that was never started on stays empty.
async fn check_database(settings: &Settings) -> Result<(), StartError> {
    let database = settings.database()?;
    let found = match (database.is_begun().await?, &database) {
        (true, _) => {
            start::service(settings).await?;
            "ok, opens with its master key"
        }
        (false, Database::Embedded(_)) => "none yet: the first start makes it, with a master key",
        (false, Database::Postgres(_)) => {
            database.master_keys(settings)?;
            "ok, reached and still empty: the first start makes its tables"
        }
    };
    println!("database   {found}");
    Ok(())
}

/// What `serve` would refuse, then whether the endpoints can be had.
async fn find(
    directory: &Directory,
    catalog: &Catalog,
    app: &AppId,
    registration: &RegistrationSpec,
) -> Result<(), String> {
    let provider = registration.check(app, catalog).map_err(|error| error.to_string())?;
    let parameters = with_examples(provider, &registration.parameters);
    let found = directory.endpoints(provider, &parameters).await;
    found.map(|_| ()).map_err(|error| error.to_string())
}

/// The operator's parameters, and what a person might say for theirs.
fn with_examples(provider: &Provider, set: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let value = |parameter: &Parameter| match (&parameter.default, parameter.asked_of) {
        (Some(usual), _) => Some(usual.clone()),
        (None, AskedOf::User) => Some(parameter.example.clone()),
        (None, AskedOf::App) => None,
    };
    let known = |parameter: &Parameter| Some((parameter.name.clone(), value(parameter)?));
    let mut all: BTreeMap<_, _> = provider.parameters.iter().filter_map(known).collect();
    all.extend(set.clone());
    all
}

fn webhooks_fit(app: &AppSpec) -> bool {
    let found = check_webhooks(app);
    match &found {
        Ok(()) if app.webhooks.is_empty() => {}
        Ok(()) => println!("webhooks   {}: {} ok", app.id, app.webhooks.len()),
        Err(ServiceError::Field { field, rule }) => println!("webhooks   {}: WRONG: {field}: {rule}", app.id),
        Err(error) => println!("webhooks   {}: WRONG: {error}", app.id),
    }
    found.is_ok()
}

fn check_app(app: &AppSpec) {
    if app.website_url.is_none() {
        println!("app        {}: no website_url, so every session must send allowed_origin", app.id);
    }
    if app.registrations.is_empty() {
        println!("app        {}: no provider registered, so no session can be minted", app.id);
    }
}

fn tell_registration(settings: &Settings, app: &AppId, provider: &ProviderId, found: Result<(), String>) {
    let uri = settings.base_url().join(&format!("connect/callback/{}", RegistrationId::of(app, provider)));
    let uri = uri.map(String::from).unwrap_or_default();
    match found {
        Ok(()) => println!("provider   {app}: {provider} ok; register there the redirect URI {uri}"),
        Err(why) => println!("provider   {app}: {provider} WRONG: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::egress::Egress;

    #[tokio::test]
    async fn what_serve_refuses_is_wrong_and_no_example_stands_for_the_operators_word() {
        let directory = Directory::new(ReqwestHttp::new(Egress::default()).unwrap(), Arc::new(SystemClock));
        let (catalog, app) = (Catalog::built_in().unwrap(), "acme".parse().unwrap());
        let found = async |provider: &str, parameters: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let registration = RegistrationSpec {
                provider: provider.parse().unwrap(),
                client_id: "id".to_owned(),
                client_secret: None,
                parameters: parameters.iter().map(own).collect(),
                scopes: Vec::new(),
                allowed_scopes: Vec::new(),
            };
            find(&directory, &catalog, &app, &registration).await
        };

        assert!(found("okta", &[]).await.unwrap_err().contains("okta_domain: is required"));
        assert!(
            found("mastodon", &[("instance", "evil/")]).await.unwrap_err().contains("instance: does not fit")
        );
        assert!(found("nobody", &[]).await.unwrap_err().contains("no such provider"));
        assert_eq!(found("mastodon", &[("instance", "mastodon.social")]).await, Ok(()));
        assert_eq!(found("shopify", &[]).await, Ok(()));
    }
}
