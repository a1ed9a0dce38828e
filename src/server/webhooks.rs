//! `grantway webhooks`: what endpoints still wait for, and sending it again.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use clap::Subcommand;
use grantway_core::{AppId, Timestamp};
use grantway_service::new_webhook_secret;
use grantway_store::{Delivery, Endpoint, Replay};

use crate::server::{
    adapters::SystemEntropy,
    command::{ConfigArgs, start_log},
    config::Settings,
    start::{self, StartError},
};

/// `grantway webhooks …`
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksAction {
    /// Print a new signing secret, for `secrets` and for the receiver.
    Secret,
    /// Show an app's endpoints, and the deliveries that wait or were given up.
    List {
        /// The app.
        #[arg(long)]
        app: AppId,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Send again: what was given up, or what is named. Endpoints that answered 410 work again.
    Replay {
        /// The app.
        #[arg(long)]
        app: AppId,
        /// Every event since then, delivered or not: 2026-11-22T10:00:00Z.
        #[arg(long, conflicts_with = "event")]
        since: Option<Timestamp>,
        /// This one event, delivered or not: evt_…
        #[arg(long)]
        event: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// Runs it.
///
/// # Errors
/// With words for the operator.
pub(crate) async fn run(action: WebhooksAction) -> Result<(), StartError> {
    match action {
        WebhooksAction::Secret => {
            println!("{}", new_webhook_secret(&SystemEntropy).expose());
            Ok(())
        }
        WebhooksAction::List { app, config } => list(&app, &config).await,
        WebhooksAction::Replay { app, since, event, config } => {
            let which = match (since, event) {
                (Some(since), _) => Replay::Since(since),
                (None, Some(event)) => Replay::Event(event),
                (None, None) => Replay::GivenUp,
            };
            replay(&app, &which, &config).await
        }
    }
}

async fn list(app: &AppId, config: &ConfigArgs) -> Result<(), StartError> {
    let settings = Settings::read(config.file())?;
    start_log(settings.server.log, "warn");
    let service = start::service(&settings).await?;
    for endpoint in service.endpoints(app).await.map_err(StartError::Apply)? {
        println!("{}", endpoint_line(&endpoint));
    }
    for delivery in service.undelivered(app).await.map_err(StartError::Apply)? {
        println!("{}", delivery_line(&delivery));
    }
    Ok(())
}

async fn replay(app: &AppId, which: &Replay, config: &ConfigArgs) -> Result<(), StartError> {
    let settings = Settings::read(config.file())?;
    start_log(settings.server.log, "warn");
    let service = start::service(&settings).await?;
    let again = service.replay(app, which).await.map_err(StartError::Apply)?;
    eprintln!("{again} deliveries begin anew; a running server sends them within seconds");
    Ok(())
}

/// The path stays away: receivers put secrets in it.
fn endpoint_line(endpoint: &Endpoint) -> String {
    let state = endpoint.disabled_at.map_or("active".to_owned(), |since| format!("disabled since={since}"));
    let origin = endpoint.url.origin().ascii_serialization();
    format!("{} {origin} {state}", endpoint.id)
}

fn delivery_line(delivery: &Delivery) -> String {
    let state = delivery.next_at.map_or("given up".to_owned(), |next| format!("pending next={next}"));
    let last = delivery.last_error.as_deref().unwrap_or("not tried yet");
    format!(
        "{} {} to {}: {state} attempts={}, {last}",
        delivery.event, delivery.kind, delivery.endpoint, delivery.attempts
    )
}
