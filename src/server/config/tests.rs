//! What a settings file may say, and how a wrong one is told.

use super::*;

fn read(text: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grantway.toml");
    std::fs::write(&file, text).unwrap();
    Settings::read(Some(&file)).map_err(|error| error.to_string())
}

#[test]
fn the_smallest_file_is_a_client_id_and_a_secret() {
    let settings = read("[apps.acme.providers.github]\nclient_id = 'id'\nclient_secret = 'hush'").unwrap();

    let specs = settings.app_specs();

    assert_eq!(specs[0].name, "acme");
    assert_eq!(specs[0].registrations[0].client_id, "id");
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn a_webhook_is_a_url_and_secrets_and_nothing_unknown() {
    let text = "[[apps.acme.webhooks]]\nurl = 'https://acme.test/hooks'\nsecrets = ['whsec_hush']";

    let settings = read(text).unwrap();

    assert_eq!(settings.app_specs()[0].webhooks[0].url.as_str(), "https://acme.test/hooks");
    assert!(!format!("{settings:?}").contains("hush"));
    let error = read(&format!("{text}\nevent = ['grant.created']")).unwrap_err();
    assert!(error.contains("event") && error.contains("acme"), "{error}");
}

#[test]
fn an_unknown_key_is_refused_with_its_name_and_file() {
    let error = read("[server]\nbase_ulr = 'https://c.test'").unwrap_err();

    assert!(error.contains("base_ulr") && error.contains("grantway.toml"), "{error}");
}

#[test]
fn limits_are_numbers_above_nothing_and_proxies_are_ranges() {
    let settings = read("[server]\ntrusted_proxies = ['10.0.0.0/8']\n[server.limits]\nper_key = 5").unwrap();

    assert_eq!(settings.server.limits.per_key.get(), 5);
    assert_eq!(settings.server.limits.per_address.get(), 6_000, "the others stay");
    assert_eq!(settings.server.trusted_proxies.len(), 1);
    for wrong in ["limits.per_key = 0", "limits.per_kee = 1", "trusted_proxies = ['10.0.0.1/33']"] {
        assert!(read(&format!("[server]\n{wrong}")).unwrap_err().contains("grantway.toml"), "{wrong}");
    }
}

#[test]
fn a_base_url_is_an_origin_that_others_cant_listen_to() {
    for (url, says) in [
        (
            "http://connect.acme.com",
            "server.base_url: must use https (http is accepted for localhost and loopback addresses only)",
        ),
        (
            "https://acme.com/connect",
            "server.base_url: must be scheme, host and port only, without a path, query or fragment",
        ),
    ] {
        assert_eq!(read(&format!("[server]\nbase_url = '{url}'")).unwrap_err(), says);
    }
}

#[test]
fn a_database_url_is_of_postgres_and_is_not_told() {
    for url in ["postgres://a:hush@db/grantway", "postgresql://a:hush@db/grantway"] {
        let settings = read(&format!("[server]\ndatabase_url = '{url}'")).unwrap();
        assert!(matches!(settings.database(), Ok(Database::Postgres(kept)) if kept.expose() == url));
        assert!(!format!("{settings:?}").contains("hush"));
    }
    for url in ["mysql://a:hush@db/grantway", "data/grantway.db", ""] {
        let error = read(&format!("[server]\ndatabase_url = '{url}'")).unwrap_err();
        assert!(error.starts_with("server.database_url: must be postgres://"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn loopback_and_private_addresses_are_for_those_who_ask() {
    let allows = |server: &str, address: &str| {
        let settings = read(&format!("[server]\n{server}")).unwrap();
        settings.egress().allows(address.parse().unwrap())
    };
    let public = "base_url = 'https://connect.acme.com'";

    assert!(!allows(public, "127.0.0.1") && !allows(public, "10.0.0.1"));
    assert!(allows("", "127.0.0.1") && allows("", "::1") && !allows("", "10.0.0.1"));
    assert!(allows("base_url = 'http://connect.localhost:4000'", "127.0.0.1"));
    assert!(allows(&format!("{public}\nallowed_networks = ['10.0.0.0/8']"), "10.0.0.1"));
    let error = read("[server]\nallowed_networks = ['inside']").unwrap_err();
    assert!(error.contains("allowed_networks"), "{error}");
}

#[test]
fn a_provider_that_breaks_a_rule_is_named() {
    let settings = read("[providers.mine]\nname = 'Mine'").unwrap();

    let error = settings.catalog().unwrap_err();

    assert!(error.to_string().starts_with("providers.mine: either `issuer`"), "{error}");
}

#[test]
fn a_built_in_provider_is_changed_in_one_field() {
    let settings =
        read("[providers.github]\nextends = 'github'\nscopes = ['repo']\ncode_seconds = 30").unwrap();

    let catalog = settings.catalog().unwrap();

    let github = catalog.get(&"github".parse().unwrap()).unwrap();
    assert_eq!(
        (github.name.as_str(), &github.scopes[..], github.code_seconds),
        ("GitHub", &["repo".to_owned()][..], 30)
    );
    let unknown =
        read("[providers.github]\nextends = 'github'\nscope = 'repo'").unwrap().catalog().unwrap_err();
    assert!(unknown.to_string().starts_with("providers.github: unknown field `scope`"), "{unknown}");
}

#[test]
fn a_folder_without_the_usual_file_has_the_usual_settings() {
    assert!(!Path::new(DEFAULT_FILE).exists());

    assert!(Settings::read(None).unwrap().apps.is_empty());
}

#[test]
fn a_file_that_is_named_must_exist() {
    let error = Settings::read(Some(Path::new("/nowhere/grantway.toml"))).unwrap_err();

    assert_eq!(error.to_string(), "/nowhere/grantway.toml: no such file");
}
