//! Everything a change must pass, on one command: checks, tests in Rust, tests in a browser.

use crate::{
    check,
    site::{self, Profile},
    step::{self, Failed, cargo, program, root, step},
    tools,
};

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suites {
    All,
    Rust,
    Browser,
}

/// Runs them, cheapest first, up to the first failure.
pub(crate) fn run(suites: Suites) -> Result<(), Failed> {
    if suites != Suites::Browser {
        check::run()?;
        step("Tests in Rust", || {
            step::run(&mut cargo("test --workspace --features grantway/ssr,rust-host/ssr"))
        })?;
    }
    if suites != Suites::Rust {
        site::build(Profile::Dev)?;
        // Without a closing line of our own: the runner's own count ends the output.
        println!("\n── Tests in a browser");
        in_browser()?;
    }
    Ok(())
}

fn in_browser() -> Result<(), Failed> {
    tools::chromium()?;
    tools::node_packages("end2end")?;
    step::run(program("npm", "run check-provider").current_dir(root().join("end2end")))?;
    step::run(
        program("npx", "playwright test")
            .current_dir(root().join("end2end"))
            .env("GRANTWAY_TARGET", site::target_folder()?),
    )
}
