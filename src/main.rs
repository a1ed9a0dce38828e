//! The `grantway` command.

use clap::Parser;
use grantway::server::command::Command;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    Command::parse().run().await
}
