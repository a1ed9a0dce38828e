//! Settings: `grantway.toml`, then the environment (`GRANTWAY_SERVER__BASE_URL`, two underscores
//! between parts). A key that nobody knows is refused, with its file and name.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use grantway_catalog::{Catalog, CatalogError};
use grantway_core::{
    AppId, Origin, ProviderId, Secret,
    app::Identity,
    origin::{OriginError, is_loopback},
};
use grantway_service::{AppSpec, RegistrationSpec, WebhookSpec};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Deserialize;
use toml::Table;
use url::Url;

use crate::server::{database::Database, egress::Egress, limits::LimitSettings};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "grantway.toml";

/// The embedded database's file.
const EMBEDDED: &str = "grantway.db";

/// Everything that can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// This process.
    pub server: ServerSettings,
    /// The products it serves.
    pub apps: BTreeMap<AppId, AppSettings>,
    /// Providers beside the built-in ones, or changes to those: the tables that a file in `providers_dir` has.
    pub providers: BTreeMap<ProviderId, Table>,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Where browsers reach it: https, or http on loopback; no path. `http://localhost` and the port
    /// of `listen` when omitted.
    pub base_url: Option<Url>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the embedded database and the key file lie.
    pub data_dir: PathBuf,
    /// A Postgres database instead of the embedded one: `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub database_url: Option<Secret>,
    /// The operator's own provider files, of the same shape as the built-in ones.
    pub providers_dir: Option<PathBuf>,
    /// Networks (CIDR) whose addresses this server may connect to beside public ones, such as `10.0.0.0/8`.
    /// Loopback is allowed where `base_url` itself is on loopback.
    pub allowed_networks: Vec<IpNet>,
    /// Where the built site lies; beside the binary's working directory unless told.
    pub site_root: PathBuf,
    /// The master keys, the newest first, one per line; for the environment. Otherwise the key file.
    pub master_key: Option<Secret>,
    /// Whether grants that nobody uses are refreshed before they die of it.
    pub refresh_unused: bool,
    /// `text` or `json`.
    pub log: LogFormat,
    /// How often one key, address or session may ask.
    pub limits: LimitSettings,
    /// Proxies, as address ranges, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        let site = leptos::config::get_configuration(Some("Leptos.toml")).ok();
        let options = site.map(|site| site.leptos_options);
        let listen =
            options.as_ref().map_or(SocketAddr::from(([127, 0, 0, 1], 4000)), |options| options.site_addr);
        Self {
            base_url: None,
            listen,
            data_dir: "data".into(),
            database_url: None,
            providers_dir: None,
            allowed_networks: Vec::new(),
            site_root: options
                .map_or_else(|| "target/site".into(), |options| PathBuf::from(options.site_root.as_ref())),
            master_key: None,
            refresh_unused: true,
            log: LogFormat::Text,
            limits: LimitSettings::default(),
            trusted_proxies: Vec::new(),
        }
    }
}

#[expect(clippy::expect_used, reason = "a port always makes a URL")]
fn loopback(port: u16) -> Url {
    Url::parse(&format!("http://localhost:{port}")).expect("a URL")
}

/// Variables that name none of our sections are others' business, such as an app's own `GRANTWAY_API_KEY`.
fn environment() -> Env {
    Env::prefixed("GRANTWAY_").filter(|key| is_section(key.as_str())).split("__")
}

/// A mistyped `GRANTWAY_SERVER_LISTEN` is one of ours, and refused by name.
fn is_section(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["server", "apps", "providers"].iter().any(|section| key.starts_with(section))
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines, one object a line.
    Json,
}

/// `[apps.ID]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// For people; the id when omitted.
    name: Option<String>,
    /// Its home: the default for `allowed_origin`.
    website_url: Option<Url>,
    /// Further origins for `return_url`.
    #[serde(default)]
    return_origins: Vec<Origin>,
    /// Its own identity provider.
    identity: Option<Identity>,
    /// Its clients at providers.
    #[serde(default)]
    providers: BTreeMap<ProviderId, RegistrationSettings>,
    /// Where it hears of its events.
    #[serde(default)]
    webhooks: Vec<WebhookSettings>,
}

/// `[[apps.ID.webhooks]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    url: Url,
    secrets: Vec<Secret>,
    #[serde(default)]
    events: Vec<String>,
}

/// `[apps.ID.providers.ID]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationSettings {
    client_id: String,
    client_secret: Option<Secret>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    allowed_scopes: Vec<String>,
}

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A named file that is not there.
    #[error("{}: no such file", .0.display())]
    NoFile(PathBuf),
    /// Wrong form, unknown key, wrong type; says file and key.
    #[error("{0}")]
    Form(Box<figment::Error>),
    /// The server's own address.
    #[error("server.base_url: {0}")]
    BaseUrl(OriginError),
    /// A database that is none of ours.
    #[error(
        "server.database_url: must be postgres://USER:PASSWORD@HOST/DATABASE; leave it out for the embedded database in server.data_dir"
    )]
    DatabaseUrl,
    /// A provider, of a file or of `[providers]`.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Settings {
    /// Reads the file, if there is one, then the environment.
    ///
    /// # Errors
    /// With the file and key that are wrong.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(missing) = file.filter(|file| !file.exists()) {
            return Err(ConfigError::NoFile(missing.to_owned()));
        }
        let file = file.unwrap_or(Path::new(DEFAULT_FILE));
        // A folder without the usual file has the usual settings.
        let figment =
            if file.exists() { Figment::new().merge(Toml::file_exact(file)) } else { Figment::new() };
        let figment = figment.merge(environment());
        let settings: Self = figment.extract().map_err(|error| ConfigError::Form(Box::new(error)))?;
        settings.origin()?;
        settings.database()?;
        Ok(settings)
    }

    /// Where browsers reach this server.
    #[must_use]
    pub fn base_url(&self) -> Url {
        self.server.base_url.clone().unwrap_or_else(|| loopback(self.server.listen.port()))
    }

    /// Our own origin.
    ///
    /// # Errors
    /// When `base_url` is more than an origin, or not secure.
    pub fn origin(&self) -> Result<Origin, ConfigError> {
        self.base_url().as_str().parse().map_err(ConfigError::BaseUrl)
    }

    /// What this server may connect to.
    #[must_use]
    pub fn egress(&self) -> Egress {
        let mut allowed = self.server.allowed_networks.clone();
        if is_loopback(&self.base_url()) {
            allowed.extend([
                Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).into(),
                IpNet::from(Ipv6Net::from(Ipv6Addr::LOCALHOST)),
            ]);
        }
        Egress::with(allowed)
    }

    /// Where everything is kept.
    ///
    /// # Errors
    /// When `database_url` is no Postgres URL.
    pub fn database(&self) -> Result<Database, ConfigError> {
        let is_postgres =
            |url: &str| ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        match &self.server.database_url {
            None => Ok(Database::Embedded(self.server.data_dir.join(EMBEDDED))),
            Some(url) if is_postgres(url.expose()) => Ok(Database::Postgres(url.clone())),
            Some(_) => Err(ConfigError::DatabaseUrl),
        }
    }

    /// The built-in providers and the operator's own: a folder of files, then `[providers]`.
    ///
    /// # Errors
    /// When one breaks a rule.
    pub fn catalog(&self) -> Result<Catalog, ConfigError> {
        Ok(Catalog::layered(self.server.providers_dir.as_deref(), &self.providers)?)
    }

    /// The apps as the service takes them.
    #[must_use]
    pub fn app_specs(&self) -> Vec<AppSpec> {
        self.apps.iter().map(|(id, app)| app.spec(id)).collect()
    }
}

impl AppSettings {
    fn spec(&self, id: &AppId) -> AppSpec {
        let registration = |(provider, settings): (&ProviderId, &RegistrationSettings)| RegistrationSpec {
            provider: provider.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            parameters: settings.parameters.clone(),
            scopes: settings.scopes.clone(),
            allowed_scopes: settings.allowed_scopes.clone(),
        };
        let webhook = |settings: &WebhookSettings| WebhookSpec {
            url: settings.url.clone(),
            secrets: settings.secrets.clone(),
            events: settings.events.clone(),
        };
        AppSpec {
            id: id.clone(),
            name: self.name.clone().unwrap_or_else(|| id.to_string()),
            website_url: self.website_url.clone(),
            return_origins: self.return_origins.clone(),
            identity: self.identity.clone(),
            registrations: self.providers.iter().map(registration).collect(),
            webhooks: self.webhooks.iter().map(webhook).collect(),
        }
    }
}
