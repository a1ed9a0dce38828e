//! What a step needs and a fresh machine may lack. Present: nothing happens. Missing: installed, and said.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::step::{Failed, program, root, run, succeeds};

const WASM: &str = "wasm32-unknown-unknown";

/// The standard library for WebAssembly. Looked for on disk: `RUSTUP_AUTO_INSTALL=0` makes rustup
/// ignore the targets of rust-toolchain.toml.
pub(crate) fn wasm_target() -> Result<(), Failed> {
    let output = program("rustc", &format!("--print target-libdir --target {WASM}"))
        .output()
        .map_err(|error| Failed::new(format!("can't start `rustc`: {error}")))?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    println!("   The Rust target {WASM} is missing: rustup adds it.");
    run(&mut program("rustup", &format!("target add {WASM}")))
}

/// rustfmt and clippy.
pub(crate) fn lint_components() -> Result<(), Failed> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !succeeds(&mut program("cargo", &format!("{command} --version"))) {
            println!("   The Rust component {component} is missing: rustup adds it.");
            run(&mut program("rustup", &format!("component add {component}")))?;
        }
    }
    Ok(())
}

/// The browser of the tests. Debian's: Playwright's own comes from a host that not every machine reaches.
/// `CHROMIUM` names another one.
pub(crate) fn chromium() -> Result<(), Failed> {
    let path = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if path.exists() {
        return Ok(());
    }
    if !succeeds(&mut program("apt-get", "--version")) {
        return Err(Failed::new(format!(
            "no Chromium at {} and no apt-get to install it: install Chromium and set CHROMIUM to its path",
            path.display()
        )));
    }
    let is_root = succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]));
    let prefix = if is_root || !succeeds(&mut program("sudo", "--version")) { "" } else { "sudo " };
    println!("   Chromium is missing: {prefix}apt-get installs the Debian package `chromium`.");
    run(&mut prefixed(prefix, "apt-get update -q"))?;
    run(&mut prefixed(prefix, "apt-get install -y -q --no-install-recommends chromium"))
}

/// The packages of an npm folder, as its lock file says.
pub(crate) fn node_packages(folder: &str) -> Result<(), Failed> {
    let folder = root().join(folder);
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules/.package-lock.json");
    if changed(&installed).is_some_and(|installed| changed(&lock).is_some_and(|lock| lock <= installed)) {
        return Ok(());
    }
    println!(
        "   The packages in {} are missing or old: npm installs what its lock file names.",
        folder.display()
    );
    run(program("npm", "ci --no-audit --no-fund")
        .current_dir(&folder)
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

fn prefixed(prefix: &str, line: &str) -> Command {
    let line = format!("{prefix}{line}");
    let (name, arguments) = line.split_once(' ').unwrap_or((&line, ""));
    let mut command = program(name, arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn changed(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}
