//! Builds what a running server needs: WebAssembly and glue, the site folders, the binaries.
//!
//! Does the part of cargo-leptos that we use, without its tools: wasm-bindgen is a library here, of the same
//! exact version as in the crates. Island names hash their place in the source, so one call builds both sides.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wasm_bindgen_cli_support::Bindgen;

use crate::{
    step::{Failed, cargo, program, root, run, step},
    tools,
};

/// How much the compiler tries.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn wasm(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }

    fn server(self) -> &'static str {
        match self {
            Self::Dev => "",
            Self::Release => "--release",
        }
    }
}

/// One web app: a library that becomes WebAssembly, and the folders that its server serves.
struct App {
    /// As its files are named.
    library: &'static str,
    /// Under `target/`.
    site: &'static str,
    /// Copied into the site.
    public: &'static str,
    /// Copied into the site's `style/`, if there is one.
    style: Option<&'static str>,
}

const APPS: [App; 2] = [
    App { library: "grantway", site: "site", public: "public", style: Some("style") },
    App {
        library: "rust_host",
        site: "site-host",
        public: "examples/rust-host/public",
        style: Some("examples/rust-host/style"),
    },
];

/// The example that is rendered in the browser.
const CSR: App =
    App { library: "rust_csr", site: "site-csr", public: "examples/rust-csr/public", style: None };

/// Builds all of it.
pub(crate) fn build(profile: Profile) -> Result<(), Failed> {
    let target = target_folder()?;
    step("Widget", || widget(&target))?;
    step("WebAssembly", || {
        tools::wasm_target()?;
        run(&mut cargo(&format!(
            "build --lib -p grantway -p rust-host --features grantway/hydrate,rust-host/hydrate \
             --target wasm32-unknown-unknown --profile {}",
            profile.wasm()
        )))
    })?;
    step("Sites", || APPS.iter().try_for_each(|app| lay_out(app, profile, &target)))?;
    step("Servers", || {
        run(&mut cargo(&format!(
            "build -p grantway -p rust-host --bins --features grantway/ssr,rust-host/ssr {}",
            profile.server()
        )))
    })
}

/// Builds the example that is rendered in the browser; it has no server.
pub(crate) fn csr_example() -> Result<(), Failed> {
    run(&mut cargo(&format!(
        "build --lib -p rust-csr --features csr --target wasm32-unknown-unknown --profile {}",
        Profile::Dev.wasm()
    )))?;
    lay_out(&CSR, Profile::Dev, &target_folder()?)
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Result<PathBuf, Failed> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .map_err(|error| Failed::new(format!("cargo can't read the workspace: {error}")))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The npm package, and its script for the server to host. Fails when it weighs more than it may.
fn widget(target: &Path) -> Result<(), Failed> {
    let folder = root().join("widget");
    tools::node_packages("widget")?;
    run(program("npm", "run build").current_dir(&folder))?;
    let (built, site) = (folder.join("dist/connect.js"), target.join(APPS[0].site));
    fs::create_dir_all(&site).map_err(Failed::at("make", &site))?;
    fs::copy(&built, site.join("connect.js")).map_err(Failed::at("copy", &built))?;
    Ok(())
}

fn lay_out(app: &App, profile: Profile, target: &Path) -> Result<(), Failed> {
    let site = target.join(app.site);
    copy_folder(&root().join(app.public), &site)?;
    if let Some(style) = app.style {
        copy_folder(&root().join(style), &site.join("style"))?;
    }
    let module = target.join("wasm32-unknown-unknown").join(profile.wasm()).join(app.library);
    bind(app.library, profile, &module.with_extension("wasm"), &site.join("pkg"))
}

/// Writes `pkg/{name}.js` and `pkg/{name}.wasm`.
fn bind(name: &str, profile: Profile, module: &Path, pkg: &Path) -> Result<(), Failed> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(false).remove_producers_section(true);
    // The pages' loader always says where the module is; wasm-bindgen's guess would be another name.
    bindgen.omit_default_module_path(true);
    // Function names are for debugging; a release would carry them to every visitor.
    bindgen.remove_name_section(matches!(profile, Profile::Release));
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(pkg))
        .map_err(|error| Failed::new(format!("wasm-bindgen can't read {}: {error:#}", module.display())))?;
    let written = pkg.join(format!("{name}_bg.wasm"));
    let wanted = pkg.join(format!("{name}.wasm"));
    fs::rename(&written, &wanted).map_err(Failed::at("rename", &written))?;
    let size = fs::metadata(&wanted).map_err(Failed::at("read", &wanted))?.len();
    println!("   {} ({} KB)", wanted.display(), size / 1024);
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failed> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(Failed::at("make", to))?;
    for entry in fs::read_dir(from).map_err(Failed::at("read", from))? {
        let source = entry.map_err(Failed::at("read", from))?.path();
        let Some(name) = source.file_name() else { continue };
        let copy = to.join(name);
        if source.is_dir() {
            copy_folder(&source, &copy)?;
        } else {
            fs::copy(&source, &copy).map_err(Failed::at("copy", &source))?;
        }
    }
    Ok(())
}
