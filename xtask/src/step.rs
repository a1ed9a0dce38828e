//! One step: a heading, a command, the time it took. The first failure ends the run and names its command.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// Why the run ended, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// For `map_err`: what was tried, and with which file.
    pub(crate) fn at<E: fmt::Display>(tried: &str, path: &Path) -> impl FnOnce(E) -> Self {
        let about = format!("can't {tried} {}", path.display());
        move |error| Self(format!("{about}: {error}"))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prints the heading, does the work, prints the time.
pub(crate) fn step(heading: &str, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    println!("\n── {heading}");
    let start = Instant::now();
    work().map_err(|failed| Failed(format!("{heading}: {failed}")))?;
    println!("── {heading}: {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// Runs to its end and tells a failure by the command's own words.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let line = words(command);
    println!("   $ {line}");
    let status = command.status().map_err(|error| Failed(format!("can't start `{line}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("`{line}` failed ({status})"))) }
}

/// Whether it starts and ends well; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// A program in the workspace's folder, with its arguments told in one line.
pub(crate) fn program(name: &str, arguments: &str) -> Command {
    let mut command = Command::new(name);
    command.args(arguments.split_whitespace()).current_dir(root());
    // What `cargo run` told about xtask itself: build scripts that watch it (ring's) would run anew after
    // each change between `cargo xtask` and plain cargo.
    for (variable, _) in std::env::vars_os() {
        let told = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| told.starts_with(prefix)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn cargo(arguments: &str) -> Command {
    program("cargo", arguments)
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

fn words(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
