//! Formatting and lints, each side with its own features: `ssr` and `hydrate` never meet in one build.

use crate::{
    step::{self, Failed, cargo, step},
    tools,
};

/// Checks everything, fixes nothing.
pub(crate) fn run() -> Result<(), Failed> {
    step("Formatting", || {
        tools::lint_components()?;
        step::run(&mut cargo("fmt --all --check"))
    })?;
    step("Lints, server", || {
        step::run(&mut cargo(
            "clippy --workspace --all-targets --features grantway/ssr,rust-host/ssr -- -D warnings",
        ))
    })?;
    step("Lints, WebAssembly", || {
        tools::wasm_target()?;
        step::run(&mut cargo(
            "clippy --lib -p grantway -p rust-host -p grantway-button \
             --features grantway/hydrate,rust-host/hydrate --target wasm32-unknown-unknown -- -D warnings",
        ))?;
        step::run(&mut cargo(
            "clippy --lib -p rust-csr --features csr --target wasm32-unknown-unknown -- -D warnings",
        ))
    })
}
