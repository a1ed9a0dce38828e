//! Every provider of the catalog, from question to revocation, through the real engine, against a simulator
//! that plays it from the facts: a second reading, apart from the engine's code and from our files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]
#![expect(clippy::print_stdout, reason = "the counts are for whoever reads the run")]

mod answers;
mod asked;
mod authorizing;
mod calling;
mod drive;
mod facts;
mod revoking;
mod signing;
mod simulator;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use grantway_catalog::{Catalog, Source};

use crate::{
    drive::{Outcome, drive},
    facts::Facts,
};

#[tokio::test]
async fn every_provider_connects_refreshes_and_is_revoked_as_its_facts_say() {
    let catalog = Catalog::built_in().unwrap();
    let facts = Facts::all();
    let (mut wrong, mut outcomes) = (Vec::new(), BTreeMap::new());

    for (id, provider) in catalog.iter() {
        let record = facts.get(id.as_str()).unwrap_or_else(|| panic!("{id} has no facts"));
        match drive(id.as_str(), provider, record).await {
            Ok(outcome) => {
                outcomes.insert(id.as_str().to_owned(), outcome);
            }
            Err(complaint) => wrong.push(format!("{id}: {complaint}")),
        }
    }

    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        catalog.iter().count(),
        wrong.join("\n")
    );
    assert!(outcomes.len() >= 470);
    let quirks = print_counts(&outcomes, &facts);
    assert_eq!(quirks, Facts::kinds(), "every kind of quirk is played by somebody");
}

fn print_counts(outcomes: &BTreeMap<String, Outcome>, facts: &BTreeMap<String, Facts>) -> BTreeSet<String> {
    let count = |fits: &dyn Fn(&Outcome) -> bool| outcomes.values().filter(|outcome| fits(outcome)).count();
    let mut quirks: BTreeMap<&str, usize> = BTreeMap::new();
    for id in outcomes.keys() {
        for quirk in facts[id].quirks() {
            *quirks.entry(quirk).or_default() += 1;
        }
    }
    println!("providers played           {}", outcomes.len());
    println!("  without PKCE             {}", count(&|outcome| !outcome.pkce));
    println!("  without an identity      {}", count(&|outcome| outcome.source == Source::Nothing));
    println!("  refreshed                {}", count(&|outcome| outcome.refreshed));
    println!("  revoked                  {}", count(&|outcome| outcome.revoked));
    println!("quirks by kind ({})", quirks.len());
    for (quirk, number) in &quirks {
        println!("  {quirk:28} {number}");
    }
    quirks.into_keys().map(str::to_owned).collect()
}

/// The simulator is worth something only if it can say no.
#[tokio::test]
async fn the_simulator_refuses_what_a_provider_would_refuse() {
    let catalog = Catalog::built_in().unwrap();
    let facts = Facts::all();
    let spoilt = |id: &str, spoil: &dyn Fn(&mut toml::Table)| {
        let provider = catalog.get(&id.parse().unwrap()).unwrap();
        let mut table: toml::Table = source_of(id).parse().unwrap();
        spoil(&mut table);
        (provider.name.clone(), toml::Value::Table(table).try_into().unwrap())
    };
    let set = |key: &'static str, value: &str| {
        let value: toml::Value = value.parse().unwrap_or_else(|_| toml::Value::String(value.to_owned()));
        move |table: &mut toml::Table| {
            table.insert(key.to_owned(), value.clone());
        }
    };
    let mut refused = BTreeSet::new();
    for (id, key, value) in [
        ("notion", "token_body", "form"),
        ("notion", "client_auth", "post"),
        ("zoom", "client_auth", "post"),
        ("airtable", "pkce", "off"),
        ("discord", "token_url", "https://discord.com/api/oauth2/other"),
        ("tiktok", "client_id_param", "client_id"),
        ("linkedin", "pkce", "S256"),
        ("discord", "scope_separator", ","),
    ] {
        let (_, provider) = spoilt(id, &set(key, value));
        let outcome = drive(id, &provider, &facts[id]).await;
        if outcome.is_err() {
            refused.insert(format!("{id} {key}"));
        }
    }
    assert_eq!(refused.len(), 8, "{refused:?}");

    // A wrong place of the error is found by the dead tokens at a walk's end, and by nothing else.
    let elsewhere = |table: &mut toml::Table| {
        table["answer"].as_table_mut().unwrap().insert("error".to_owned(), "/nowhere".into());
    };
    let (_, provider) = spoilt("wechat", &elsewhere);
    let complaint = drive("wechat", &provider, &facts["wechat"]).await.err().unwrap();
    assert!(complaint.starts_with("a spent code"), "{complaint}");
}

/// What the providers that sign, or open sessions, would refuse.
#[tokio::test]
async fn the_simulator_refuses_what_is_signed_wrongly_and_sessions_that_have_ended() {
    let facts = Facts::all();
    for (id, table, change, complaint) in [
        ("alipay", "", "client_auth = 'post'", "token: it is not \"\""),
        ("alipay", "request_signature", "utc_offset = 0", "token: it is not \"20"),
        ("alipay", "request_signature", "param = 'signature'", "token: the signature is wrong"),
        ("odnoklassniki", "", "api_signature = { param = 'sig' }", "userinfo: the key is None"),
        ("odnoklassniki", "api_signature", "param = 'signature'", "userinfo: the signature is []"),
        ("odnoklassniki", "", "api_auth = 'bearer'", "userinfo: no living token"),
        ("bullhorn", "lookup", "each_refresh = false", "call: the session is Some"),
        ("bullhorn", "", "api_auth = 'bearer'", "call: the session is None"),
    ] {
        let mut source: toml::Table = source_of(id).parse().unwrap();
        let place = if table.is_empty() { &mut source } else { source[table].as_table_mut().unwrap() };
        place.extend(change.parse::<toml::Table>().unwrap());
        let provider = toml::Value::Table(source).try_into().unwrap();

        let refused = drive(id, &provider, &facts[id]).await.err().unwrap_or_default();

        assert!(refused.contains(complaint), "{id}, {change}: {refused}");
    }
}

fn source_of(id: &str) -> String {
    std::fs::read_to_string(format!("{}/../catalog/providers/{id}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
