//! Builds, then becomes `grantway demo`: Ctrl-C reaches the server itself, which drains.

use std::process::Command;

use crate::{
    site::{self, Profile},
    step::{Failed, root},
};

/// Runs the demo with the arguments given.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failed> {
    site::build(Profile::Dev)?;
    let server = site::target_folder()?.join("debug/grantway");
    println!("\n── Demo");
    become_it(Command::new(&server).arg("demo").args(arguments).current_dir(root()))
}

#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<(), Failed> {
    let error = std::os::unix::process::CommandExt::exec(command);
    Err(Failed::new(format!("can't start {}: {error}", command.get_program().display())))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<(), Failed> {
    crate::step::run(command)
}
