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

/// A program of the tests: where Debian puts it, and the package that has it.
pub(crate) struct Tool {
    path: &'static str,
    package: &'static str,
}

/// What drives browsers on a screen of their own. Debian's Chromium: Playwright's own comes from a host that
/// not every machine reaches; `CHROMIUM` names another one.
pub(crate) const SCREEN: [Tool; 6] = [
    Tool { path: "/usr/bin/chromium", package: "chromium" },
    Tool { path: "/usr/bin/firefox-esr", package: "firefox-esr" },
    Tool { path: "/usr/bin/WebKitWebDriver", package: "webkit2gtk-driver" },
    Tool { path: "/usr/bin/Xvfb", package: "xvfb" },
    Tool { path: "/usr/bin/openbox", package: "openbox" },
    Tool { path: "/usr/bin/python3", package: "python3" },
];

/// The server of the second store; its tests start one of their own.
pub(crate) const POSTGRES: [Tool; 1] = [Tool { path: "/usr/share/doc/postgresql", package: "postgresql" }];

/// What moves the wall clock of one process: libfaketime.
pub(crate) const CLOCKS: [Tool; 1] = [Tool { path: "/usr/bin/faketime", package: "faketime" }];

/// Installs what of these is missing.
pub(crate) fn debian(tools: &[Tool]) -> Result<(), Failed> {
    let chosen = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let is_there = |tool: &Tool| {
        let path = Path::new(tool.path);
        path.exists() || (tool.package == "chromium" && chosen.as_ref().is_some_and(|path| path.exists()))
    };
    let missing: Vec<_> = tools.iter().filter(|tool| !is_there(tool)).map(|tool| tool.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    if !succeeds(&mut program("apt-get", "--version")) {
        return Err(Failed::new(format!("missing, and no apt-get to install it: {missing}")));
    }
    let is_root = succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]));
    let prefix = if is_root || !succeeds(&mut program("sudo", "--version")) { "" } else { "sudo " };
    println!("   Missing: {prefix}apt-get installs the Debian packages {missing}.");
    run(&mut prefixed(prefix, "apt-get update -q"))?;
    run(&mut prefixed(prefix, &format!("apt-get install -y -q --no-install-recommends {missing}")))
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

/// A virtual environment in that folder, with the packages that its requirements.txt names.
pub(crate) fn python_packages(folder: &str) -> Result<(), Failed> {
    let folder = root().join(folder);
    let (wanted, installed) = (folder.join("requirements.txt"), folder.join(".venv/installed.txt"));
    if changed(&installed).is_some_and(|installed| changed(&wanted).is_some_and(|wanted| wanted <= installed))
    {
        return Ok(());
    }
    println!("   The Python packages of {} are missing or old: pip installs them.", folder.display());
    let make = || program("python3", "-m venv --clear .venv").current_dir(&folder).output();
    if !make().is_ok_and(|output| output.status.success()) {
        // Debian keeps the module in a package of its own.
        debian(&[Tool { path: "/usr/share/doc/python3-venv", package: "python3-venv" }])?;
        run(program("python3", "-m venv --clear .venv").current_dir(&folder))?;
    }
    let pip = folder.join(".venv/bin/pip");
    run(program(
        &pip.display().to_string(),
        "install --quiet --disable-pip-version-check -r requirements.txt",
    )
    .current_dir(&folder))?;
    fs::copy(&wanted, &installed).map_err(Failed::at("write", &installed))?;
    Ok(())
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
