//! Arrows point one way: who may depend on whom, and on what, read from cargo itself.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each of our packages, and the packages of ours that it may stand on.
const ARROWS: [(&str, &[&str]); 13] = [
    ("grantway-core", &[]),
    ("grantway-catalog", &["grantway-core"]),
    ("grantway-engine", &["grantway-core", "grantway-catalog"]),
    ("grantway-vault", &["grantway-core"]),
    ("grantway-store", &["grantway-core"]),
    (
        "grantway-service",
        &["grantway-core", "grantway-catalog", "grantway-engine", "grantway-vault", "grantway-store"],
    ),
    ("grantway-button", &["grantway-core"]),
    ("grantway-client", &["grantway-core"]),
    ("grantway-testkit", &["grantway-core", "grantway-engine"]),
    ("rust-csr", &["grantway-button"]),
    ("rust-host", &["grantway-button"]),
    ("xtask", &[]),
    (
        "grantway",
        &[
            "grantway-core",
            "grantway-catalog",
            "grantway-engine",
            "grantway-vault",
            "grantway-store",
            "grantway-service",
            "grantway-testkit",
            "rust-host",
        ],
    ),
];

/// Packages that may not know how bytes travel or are kept.
const WITHOUT_IO: [&str; 5] =
    ["grantway-core", "grantway-catalog", "grantway-engine", "grantway-vault", "grantway-button"];
const IO: [&str; 6] = ["tokio", "axum", "sqlx", "reqwest", "hyper", "leptos_axum"];

/// Direct dependencies by package, without those of tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let direct = |package: &cargo_metadata::Package| {
        let used = package.dependencies.iter().filter(|used| used.kind != DependencyKind::Development);
        used.map(|used| used.name.clone()).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), direct(package))).collect()
}

#[test]
fn every_package_stands_only_on_those_below_it() {
    let dependencies = dependencies();
    let ours: BTreeSet<_> = dependencies.keys().cloned().collect();
    assert_eq!(
        ours,
        ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        "a package is missing from the table"
    );

    for (name, allowed) in ARROWS {
        let unexpected: Vec<_> = dependencies[name]
            .iter()
            .filter(|used| ours.contains(*used) && !allowed.contains(&used.as_str()))
            .collect();
        assert!(unexpected.is_empty(), "{name} must not depend on {unexpected:?}");
    }
}

#[test]
fn what_must_not_do_io_can_not() {
    let dependencies = dependencies();
    for name in WITHOUT_IO {
        let io: Vec<_> = dependencies[name].iter().filter(|used| IO.contains(&used.as_str())).collect();
        assert!(io.is_empty(), "{name} must not depend on {io:?}");
    }
}

/// All that comes with the button, however far down, as an app that is rendered in the browser takes it.
#[test]
fn the_button_brings_no_server() {
    let names = tree("-p rust-csr --features csr");

    assert!(names.contains("grantway-button"));
    let servers: Vec<_> = IO.iter().filter(|name| names.contains(**name)).collect();
    assert!(servers.is_empty(), "the button must not bring {servers:?}");
}

/// All that comes with the client, as a backend takes it.
#[test]
fn the_client_brings_no_server_and_no_database() {
    let names = tree("-p grantway-client");

    assert!(names.contains("reqwest") && names.contains("grantway-core"));
    for name in ["axum", "sqlx", "leptos", "utoipa", "aws-lc-rs", "openssl"] {
        assert!(!names.contains(name), "the client must not bring {name}");
    }
}

/// The names of all packages that a build of these has.
fn tree(packages: &str) -> BTreeSet<String> {
    let tree = format!("tree {packages} --edges normal --prefix none --format {{p}}");
    let output = std::process::Command::new(env!("CARGO")).args(tree.split(' ')).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
}

/// Provider ids that are words of English or of OAuth as well.
const ORDINARY: [&str; 2] = ["box", "make"];

#[test]
fn the_engine_names_no_provider() {
    let root = env!("CARGO_MANIFEST_DIR");
    let stems = std::fs::read_dir(format!("{root}/crates/catalog/providers")).unwrap();
    let names: BTreeSet<_> =
        stems.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(names.contains("github") && ORDINARY.iter().all(|word| names.contains(*word)));

    for path in files_below(format!("{root}/crates/engine/src").into()) {
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let words: BTreeSet<_> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
        let named: Vec<_> = names.iter().filter(|name| words.contains(name.as_str())).collect();
        let named: Vec<_> = named.into_iter().filter(|name| !ORDINARY.contains(&name.as_str())).collect();
        assert!(named.is_empty(), "{} names {named:?}", path.display());
        // What a branch on one would look like.
        let compared: Vec<_> = names.iter().filter(|name| text.contains(&format!("\"{name}\""))).collect();
        assert!(compared.is_empty(), "{} has {compared:?} as a text", path.display());
    }
}

fn files_below(folder: std::path::PathBuf) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(path) } else { vec![path] }).collect()
}

#[test]
fn leptos_toml_and_cargo_toml_say_the_same() {
    let section = |file: &str| {
        let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let table: toml::Table = text.parse().unwrap();
        table["package"]["metadata"]["leptos"].as_table().unwrap().clone()
    };
    let (deployed, build) = (section("Leptos.toml"), section("Cargo.toml"));

    for (key, value) in &deployed {
        assert_eq!(build.get(key), Some(value), "{key}");
    }
}
