//! `grantway keys`: the master keys that everything secret is sealed with.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use clap::Subcommand;
use grantway_service::{KeyUse, Service};
use grantway_vault::Vault;

use crate::server::{
    adapters::SystemEntropy,
    command::{ConfigArgs, start_log},
    config::Settings,
    start::{self, StartError},
};

/// What is done with master keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// Print a fresh master key, for a line of the key file.
    New,
    /// List the master keys: which one seals, and how many stored values each has sealed.
    List(ConfigArgs),
    /// Seal with the first key whatever another one sealed, while the servers go on. May be stopped and run again.
    Rotate(ConfigArgs),
}

/// Does it.
///
/// # Errors
/// When a key is missing, or the database fails.
pub(crate) async fn run(action: KeysAction) -> Result<(), StartError> {
    match action {
        KeysAction::New => println!("{}", Vault::new_key(&SystemEntropy).expose()),
        KeysAction::List(args) => print_keys(&*opened(&args).await?).await?,
        KeysAction::Rotate(args) => rotate(&*opened(&args).await?).await?,
    }
    Ok(())
}

async fn opened(args: &ConfigArgs) -> Result<std::sync::Arc<Service>, StartError> {
    let settings = Settings::read(args.file())?;
    start_log(settings.server.log, "warn");
    start::service(&settings).await
}

async fn rotate(service: &Service) -> Result<(), StartError> {
    let mut total = 0;
    let rotated = service.rotate_keys(|step| {
        total += step.count;
        eprintln!("sealed anew: {total} values ({})", step.place);
    });
    rotated.await.map_err(start::of_keys)?;
    eprintln!("sealed anew: {total} values, all");
    print_keys(service).await
}

async fn print_keys(service: &Service) -> Result<(), StartError> {
    let uses = service.key_uses().await.map_err(start::of_keys)?;
    for (place, used) in uses.iter().enumerate() {
        println!("{}", line(used, place == 0));
    }
    Ok(())
}

fn line(used: &KeyUse, is_first: bool) -> String {
    let does = if is_first { "seals" } else { "opens" };
    let count = used.count();
    let more = match (count, is_first) {
        (0, false) => ", may be removed from the key file".to_owned(),
        (0, true) => String::new(),
        _ => {
            let places: Vec<_> =
                used.places.iter().map(|(place, count)| format!("{place} {count}")).collect();
            format!(": {}", places.join(", "))
        }
    };
    format!("{}  {does}  {count} values{more}", used.key)
}
