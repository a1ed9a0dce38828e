//! Each logo that a provider names is a file of ours, drawn from paths alone, and none is left over.

use std::{collections::BTreeSet, fs};

use grantway_catalog::Catalog;

#[test]
fn every_named_logo_is_there_and_every_file_is_named() {
    let catalog = Catalog::built_in().unwrap();

    let named: BTreeSet<_> =
        catalog.iter().filter_map(|(_, provider)| Some(format!("{}.svg", provider.logo.as_ref()?))).collect();
    let there: BTreeSet<_> = fs::read_dir("public/logos")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();

    assert_eq!(named, there);
}

#[test]
fn a_logo_asks_for_nothing_and_runs_nothing() {
    for entry in fs::read_dir("public/logos").unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let rest = text.replacen("http://www.w3.org/2000/svg", "", 1);

        assert!(
            !["http", "href", "script", "style", "url("].iter().any(|word| rest.contains(word)),
            "{text}"
        );
        assert!(text.len() < 16_384);
    }
}
