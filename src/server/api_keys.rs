//! `grantway key`: the keys of an app's backend.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::sync::Arc;

use clap::Subcommand;
use grantway_core::{AppId, Clock, KeyScope};
use grantway_service::{KeySpec, Service};

use crate::server::{
    adapters::SystemClock,
    command::{ConfigArgs, start_log},
    config::Settings,
    start::{self, StartError},
};

const DAY: i64 = 24 * 3600;

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key and print it: the only time that it is shown.
    Create {
        /// The app.
        #[arg(long)]
        app: AppId,
        /// What it is for. Two active keys may have the same name, so that one can follow the other.
        #[arg(long, default_value = "backend")]
        name: String,
        /// What it may do: mint, read_tokens or admin, which is everything. May be repeated.
        #[arg(long = "scope", value_name = "SCOPE", default_values_t = [KeyScope::Mint, KeyScope::ReadTokens])]
        scopes: Vec<KeyScope>,
        /// After so many days it opens nothing; for ever when omitted.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List an app's keys: id, name, scopes, when they were made, and what became of them.
    List {
        /// The app.
        #[arg(long)]
        app: AppId,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Revoke a key: it opens nothing from then on, in a running server too.
    Revoke {
        /// Its id, as listed.
        id: String,
        /// The app.
        #[arg(long)]
        app: AppId,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// Does it.
///
/// # Errors
/// When the settings are wrong, or there is no such app or key.
pub(crate) async fn run(action: KeyAction) -> Result<(), StartError> {
    match action {
        KeyAction::Create { app, name, scopes, days, config } => {
            let seconds = days.map(|days| i64::from(days) * DAY);
            let spec = KeySpec { name, scopes: scopes.into_iter().collect(), seconds };
            let key = service(&config).await?.create_key(&app, spec).await.map_err(StartError::Apply)?;
            eprintln!("keep this key in the backend of `{app}`; it is not shown again:");
            println!("{}", key.expose());
        }
        KeyAction::List { app, config } => list(&*service(&config).await?, &app).await?,
        KeyAction::Revoke { id, app, config } => {
            service(&config).await?.revoke_key(&app, &id).await.map_err(StartError::Apply)?;
            eprintln!("revoked");
        }
    }
    Ok(())
}

async fn service(config: &ConfigArgs) -> Result<Arc<Service>, StartError> {
    let settings = Settings::read(config.file())?;
    start_log(settings.server.log, "warn");
    start::service(&settings).await
}

async fn list(service: &Service, app: &AppId) -> Result<(), StartError> {
    let now = SystemClock.now();
    for key in service.keys(app).await.map_err(StartError::Apply)? {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(end)) if end <= now => format!("expired {end}"),
            (None, Some(end)) => format!("active until {end}"),
            (None, None) => "active".to_owned(),
        };
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        println!("{}  {}  {}  {}  {state}", key.id, key.name, scopes.join(","), key.created_at);
    }
    Ok(())
}
