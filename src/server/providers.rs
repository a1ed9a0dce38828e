//! `grantway providers`: what the catalog knows, for the operator.
#![expect(clippy::print_stdout, reason = "a command line prints")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use grantway_catalog::{AskedOf, Catalog, Parameter, Provider, RefreshBy, Source};
use grantway_core::ProviderId;

use crate::server::{command::ConfigArgs, config::Settings, start::StartError};

/// What is asked of the catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersAction {
    /// A line for each provider; with a word, those that it fits.
    List {
        /// Part of an id, a name, another name or a category.
        word: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// What is known of one provider, and what to write into grantway.toml.
    Show {
        /// Its id.
        id: ProviderId,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Read a folder of provider files as the server would, and tell what is wrong.
    Check {
        /// The folder.
        folder: PathBuf,
    },
}

/// Prints the answer.
///
/// # Errors
/// When the settings or a file are wrong, or there is no such provider.
pub(crate) fn run(action: ProvidersAction) -> Result<(), StartError> {
    match action {
        ProvidersAction::List { word, config } => {
            list(&catalog(&config)?, word.as_deref());
            Ok(())
        }
        ProvidersAction::Show { id, config } => show(&catalog(&config)?, &id),
        ProvidersAction::Check { folder } => check(&folder),
    }
}

fn catalog(config: &ConfigArgs) -> Result<Catalog, StartError> {
    Ok(Settings::read(config.file())?.catalog()?)
}

fn list(catalog: &Catalog, word: Option<&str>) {
    let word = word.unwrap_or_default().to_lowercase();
    let fits = |id: &ProviderId, provider: &Provider| {
        let words = provider.aliases.iter().chain(&provider.categories).chain([&provider.name]);
        id.as_str().contains(&word) || words.into_iter().any(|text| text.to_lowercase().contains(&word))
    };
    for (id, provider) in catalog.iter().filter(|(id, provider)| fits(id, provider)) {
        let mark = if provider.experimental { "  (experimental)" } else { "" };
        println!("{:32} {}{mark}", id.as_str(), provider.name);
    }
}

fn show(catalog: &Catalog, id: &ProviderId) -> Result<(), StartError> {
    let provider = catalog.get(id).ok_or_else(|| StartError::NoProvider(id.clone()))?;
    println!("{} ({id}): {}", provider.name, provider.categories.join(", "));
    if provider.experimental {
        println!("experimental: known from one source only; tell us whether it works");
    }
    let text = |template: &Option<grantway_catalog::Template>| {
        template
            .as_ref()
            .map_or("by the issuer's metadata".to_owned(), |template| template.as_str().to_owned())
    };
    println!("authorize        {}", text(&provider.authorize_url));
    println!("token            {}", text(&provider.token_url));
    println!(
        "revocation       {}",
        provider.revoke.as_ref().map_or("none known", |revoke| revoke.url.as_str())
    );
    let api: Vec<_> = provider.api_urls.iter().map(grantway_catalog::Template::as_str).collect();
    println!(
        "API              {}",
        if api.is_empty() { "not known: no proxy".to_owned() } else { api.join(" ") }
    );
    println!("default scopes   {}", join(provider.scopes.iter().chain(&provider.always_scopes)));
    println!("refresh          {}", refresh(provider));
    println!("account by       {}", source(provider));
    for parameter in &provider.parameters {
        println!("parameter        {}", asked(parameter));
    }
    if let Some(url) = &provider.docs_url {
        println!("register at      {url}");
    }
    println!("\n[apps.ACME.providers.{id}]\nclient_id = \"…\"\nclient_secret = \"…\"");
    for parameter in provider.parameters.iter().filter(|parameter| parameter.asked_of == AskedOf::App) {
        println!("parameters.{} = \"{}\"", parameter.name, parameter.example);
    }
    Ok(())
}

fn join<'t>(texts: impl Iterator<Item = &'t String>) -> String {
    let all: Vec<_> = texts.map(String::as_str).collect();
    if all.is_empty() { "none: they are set at the provider".to_owned() } else { all.join(" ") }
}

fn refresh(provider: &Provider) -> &'static str {
    match provider.refresh.by {
        RefreshBy::RefreshToken => "by refresh token",
        RefreshBy::AccessToken => "by the living access token",
        RefreshBy::Nothing => "none: the token lasts, or the person connects again",
    }
}

fn source(provider: &Provider) -> &'static str {
    match provider.account.source {
        Source::Userinfo => "userinfo",
        Source::Token => "the token answer",
        Source::IdToken => "the id token",
        Source::AccessToken => "the access token",
        Source::Callback => "the authorization answer",
        Source::Nothing => "nothing: connected, account unknown",
    }
}

fn asked(parameter: &Parameter) -> String {
    let whom = match parameter.asked_of {
        AskedOf::User => "asked of the person, or preset at mint",
        AskedOf::App => "set in the registration",
    };
    let usual = parameter.default.as_ref().map(|usual| format!(", usually {usual}")).unwrap_or_default();
    format!("{}: {} ({whom}; such as {}{usual})", parameter.name, parameter.label, parameter.example)
}

fn check(folder: &Path) -> Result<(), StartError> {
    let catalog =
        Catalog::layered(Some(folder), &BTreeMap::new()).map_err(crate::server::config::ConfigError::from)?;
    println!("ok: {} providers, with those of {}", catalog.iter().count(), folder.display());
    Ok(())
}
