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
            tools::debian(&tools::POSTGRES)?;
            step::run(&mut cargo("test --workspace --features grantway/ssr,rust-host/ssr"))?;
            // Once more, for the figures that it prints.
            step::run(&mut cargo("test -p grantway-testkit --test catalog -- --nocapture"))
        })?;
    }
    if suites != Suites::Rust {
        site::build(Profile::Dev)?;
        step("Tests of the widget", || step::run(program("npm", "test").current_dir(root().join("widget"))))?;
        examples()?;
        step("Soak", soak)?;
        // Without a closing line of our own: the runners' own counts end the output.
        println!("\n── Tests in browsers");
        in_browsers()?;
    }
    Ok(())
}

/// Those that their framework's own tool builds.
const EXAMPLES: [&str; 4] = ["react", "vue", "svelte", "angular"];

/// Builds every example frontend.
pub(crate) fn examples() -> Result<(), Failed> {
    step("Examples", || {
        EXAMPLES.iter().try_for_each(|name| example(name))?;
        // React's StrictMode mounts twice in development alone.
        step::run(program("npm", "run build:development").current_dir(root().join("examples/react")))?;
        site::csr_example()
    })
}

fn example(name: &str) -> Result<(), Failed> {
    let folder = format!("examples/{name}");
    tools::node_packages(&folder)?;
    step::run(program("npm", "run build").current_dir(root().join(folder)))
}

/// A small one, of a seed that every run shares; larger ones by `npm run soak`.
fn soak() -> Result<(), Failed> {
    tools::debian(&tools::POSTGRES)?;
    tools::debian(&tools::CLOCKS)?;
    tools::node_packages("end2end")?;
    let mut soak = program("npm", "run soak -- --seconds 15 --seed 7");
    step::run(soak.current_dir(root().join("end2end")).env("GRANTWAY_TARGET", site::target_folder()?))
}

fn in_browsers() -> Result<(), Failed> {
    tools::debian(&tools::SCREEN)?;
    tools::node_packages("end2end")?;
    tools::python_packages("end2end")?;
    let target = site::target_folder()?;
    for command in ["npm run check", "npx playwright test", "npm run engines"] {
        let (name, arguments) = command.split_once(' ').unwrap_or((command, ""));
        let folder = root().join("end2end");
        step::run(program(name, arguments).current_dir(folder).env("GRANTWAY_TARGET", &target))?;
    }
    Ok(())
}
