//! `cargo xtask build | examples | demo | check | test`: what the README's commands call.
//!
//! Needs only cargo, node and npm; what else is missing is installed by the step that needs it, which says so.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks to its terminal")]

mod check;
mod demo;
mod site;
mod step;
mod test;
mod tools;

use std::process::ExitCode;

use crate::{site::Profile, step::Failed, test::Suites};

const USAGE: &str = "\
Usage: cargo xtask <command>

  build [--release]          the pages' WebAssembly, the site folders and the server
  examples                   the example frontends; needs the widget that `build` makes
  demo [arguments]           build, then `grantway demo` with the arguments
  check                      formatting and lints, for the server and for WebAssembly
  test [--rust|--browser]    check, tests in Rust, tests in a browser";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("\nxtask: {failed}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), Failed> {
    match words {
        ["build"] => site::build(Profile::Dev),
        ["build", "--release"] => site::build(Profile::Release),
        ["demo", arguments @ ..] => demo::run(arguments),
        ["examples"] => test::examples(),
        ["check"] => check::run(),
        ["test"] => test::run(Suites::All),
        ["test", "--rust"] => test::run(Suites::Rust),
        ["test", "--browser"] => test::run(Suites::Browser),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Failed::new(format!("`{}` is no command\n\n{USAGE}", words.join(" ")))),
    }
}
