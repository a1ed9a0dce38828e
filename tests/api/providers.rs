//! `grantway providers`: the command itself, as an operator runs it.

use std::{fs, path::Path, process::Command};

/// What it prints on stdout, or on stderr when it fails.
fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grantway"));
    let output = command.current_dir(folder).arg("providers").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_word_finds_providers_by_name_by_category_and_by_other_names() {
    let folder = tempfile::tempdir().unwrap();

    let all = run(folder.path(), &["list"]).unwrap();
    let known = |word: &str| run(folder.path(), &["list", word]).unwrap();

    assert!(all.lines().count() > 470);
    assert!(known("HubSpot").starts_with("hubspot "), "{}", known("HubSpot"));
    assert!(known("intuit").contains("quickbooks "), "another name");
    assert!(known("payments").contains("stripe ") && !known("payments").contains("github "), "a category");
    assert!(known("zoominfo").contains("(experimental)"));
    assert_eq!(known("nothing-like-it"), "");
}

#[test]
fn what_is_known_of_one_is_shown_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();

    let okta = run(folder.path(), &["show", "okta"]).unwrap();
    let unknown = run(folder.path(), &["show", "nobody"]).unwrap_err();

    for line in [
        "[apps.ACME.providers.okta]",
        "parameters.okta_domain = \"acme.okta.com\"",
        "set in the registration",
    ] {
        assert!(okta.contains(line), "{line} in {okta}");
    }
    assert!(unknown.contains("there is no provider `nobody`"), "{unknown}");
}

#[test]
fn a_folder_is_read_as_the_server_would() {
    let folder = tempfile::tempdir().unwrap();
    let providers = folder.path().join("own");
    fs::create_dir(&providers).unwrap();
    let write = |text: &str| fs::write(providers.join("github.toml"), text).unwrap();
    let check = || run(folder.path(), &["check", "own"]);

    write("extends = 'github'\nscopes = ['repo']");
    let right = check().unwrap();
    write("extends = 'github'\nscope = 'repo'");
    let wrong = check().unwrap_err();

    assert!(right.starts_with("ok: ") && right.contains("own"), "{right}");
    assert!(wrong.contains("own/github.toml: unknown field `scope`"), "{wrong}");
    assert!(run(folder.path(), &["check", "nowhere"]).unwrap_err().contains("nowhere: "));
}
