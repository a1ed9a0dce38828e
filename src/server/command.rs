//! The command line. What it prints for people goes to stderr, what a script reads to stdout.
#![expect(clippy::print_stderr, reason = "a command line prints")]

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use grantway_service::AppliedRegistration;
use tracing_subscriber::EnvFilter;

use crate::server::{
    api_keys::{self, KeyAction},
    audit::{self, AuditAction},
    check,
    config::{LogFormat, Settings},
    demo,
    master_keys::{self, KeysAction},
    providers::{self, ProvidersAction},
    reload, router, serve,
    start::{self, StartError},
    webhooks::{self, WebhooksAction},
};

/// OAuth Connect, run by yourself.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve the Connect pages and the API; applies the declared apps first.
    Serve(ConfigArgs),
    /// Show the whole flow: this server, a sample app and a pretend provider.
    Demo(demo::DemoArgs),
    /// Write the apps and registrations of a file to the database.
    Apply {
        /// The file; `grantway.toml` when omitted.
        file: Option<PathBuf>,
    },
    /// API keys of an app's backend.
    #[command(subcommand)]
    Key(KeyAction),
    /// Master keys, which seal everything secret. (Backends' keys: `grantway key`.)
    #[command(subcommand)]
    Keys(KeysAction),
    /// What was done, and when.
    #[command(subcommand)]
    Audit(AuditAction),
    /// What apps' webhook endpoints still wait for.
    #[command(subcommand)]
    Webhooks(WebhooksAction),
    /// Tell what is wrong before users do.
    Check(ConfigArgs),
    /// The providers that are known.
    #[command(subcommand)]
    Providers(ProvidersAction),
}

/// Where the settings are.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The settings; `grantway.toml` when omitted, if it is there.
    #[arg(long)]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// The file that was named.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

impl Command {
    /// Runs it; a failure is told in one line.
    pub async fn run(self) -> ExitCode {
        let done = match self.action {
            Action::Serve(args) => serve_command(args).await,
            Action::Demo(args) => demo::run(args).await,
            Action::Apply { file } => apply(file).await,
            Action::Key(action) => api_keys::run(action).await,
            Action::Keys(action) => master_keys::run(action).await,
            Action::Audit(action) => audit::run(action).await,
            Action::Webhooks(action) => webhooks::run(action).await,
            Action::Check(args) => check::run(args.config.as_deref()).await,
            Action::Providers(action) => providers::run(action),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("grantway: {}", with_causes(&error));
                ExitCode::FAILURE
            }
        }
    }
}

async fn serve_command(args: ConfigArgs) -> Result<(), StartError> {
    let settings = Settings::read(args.config.as_deref())?;
    start_log(settings.server.log, "info");
    let service = start::service(&settings).await?;
    reload::on_hangup(service.clone(), settings.clone()).map_err(StartError::Signal)?;
    for registration in start::apply(&service, &settings).await? {
        tracing::info!(app = %registration.app, provider = %registration.provider, redirect_uri = %registration.redirect_uri, "registered");
    }
    let listener = serve::listen(settings.server.listen).await?;
    tracing::info!(base_url = %settings.base_url(), listen = %settings.server.listen, "serving");
    if settings.base_url().scheme() == "https" && settings.server.trusted_proxies.is_empty() {
        tracing::warn!("the proxy with TLS counts as one client: name it in server.trusted_proxies");
    }
    let state = start::state(service, &settings)?;
    serve::serve(listener, router::router(state.clone()), state, serve::stopped()).await;
    Ok(())
}

async fn apply(file: Option<PathBuf>) -> Result<(), StartError> {
    let settings = Settings::read(file.as_deref())?;
    start_log(settings.server.log, "warn");
    let service = start::service(&settings).await?;
    let applied = start::apply(&service, &settings).await?;
    eprintln!("applied {} apps", settings.apps.len());
    print_registrations(&applied);
    Ok(())
}

fn print_registrations(applied: &[AppliedRegistration]) {
    for registration in applied {
        eprintln!("redirect URI to register at {}: {}", registration.provider, registration.redirect_uri);
    }
}

/// Logs to stderr. `RUST_LOG` decides, else `level`; libraries that would print URLs or headers stay quiet.
pub(crate) fn start_log(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let quiet = [
        "hyper=warn",
        "hyper_util=warn",
        "reqwest=warn",
        "h2=warn",
        "rustls=warn",
        "sqlx=warn",
        "oauth2=warn",
    ];
    let filter =
        quiet.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// A failure and what lies under it, as long as each says more than the one above.
pub(crate) fn with_causes(error: &StartError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(under) = cause {
        let under_text = under.to_string();
        if !text.contains(&under_text) {
            text = format!("{text}: {under_text}");
        }
        cause = under.source();
    }
    text
}
