//! The built-in files and the rules, one by one.

mod hosts;

use std::{collections::BTreeMap, fs};

use crate::{AskedOf, Catalog, Pkce, Provider, RefreshBy, Rotates, Source};

fn refusal(text: &str) -> String {
    let mut catalog = Catalog::default();
    catalog.declare("x".parse().unwrap(), toml::from_str(text).unwrap()).unwrap_err().to_string()
}

fn with(text: &str) -> String {
    format!("name = 'X'\nauthorize_url = 'https://id.test/a'\ntoken_url = 'https://id.test/t'\n{text}")
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are for whoever reads the run")]
fn every_built_in_provider_keeps_the_rules() {
    let catalog = Catalog::built_in().unwrap();

    let all: Vec<&Provider> = catalog.iter().map(|(_, provider)| provider).collect();
    let count = |fits: &dyn Fn(&Provider) -> bool| all.iter().filter(|provider| fits(provider)).count();
    let mut quirks = BTreeMap::from([
        ("PKCE off", count(&|p| p.pkce == Pkce::Off)),
        ("no identity", count(&|p| p.account.source == Source::Nothing)),
        ("experimental", count(&|p| p.experimental)),
        ("asks the person", count(&|p| p.parameters.iter().any(|q| q.asked_of == AskedOf::User))),
        ("asks the operator", count(&|p| p.parameters.iter().any(|q| q.asked_of == AskedOf::App))),
        ("free host", count(&|p| p.parameters.iter().any(|q| q.free_host))),
        ("no refresh token", count(&|p| p.refresh.by == RefreshBy::Nothing)),
        ("refresh by access token", count(&|p| p.refresh.by == RefreshBy::AccessToken)),
        ("revocation", count(&|p| p.revoke.is_some())),
        ("lookup", count(&|p| p.lookup.is_some())),
        ("logo", count(&|p| p.logo.is_some())),
        ("API's address", count(&|p| !p.api_urls.is_empty())),
    ]);
    quirks.insert("providers", all.len());
    println!("{quirks:#?}");
    assert!(all.len() >= 470, "{}", all.len());
    assert_eq!(catalog.get(&"google-drive".parse().unwrap()).unwrap().authorize_params.len(), 2);
}

#[test]
fn a_refresh_token_that_works_on_is_not_given_up_for_one_lost_answer() {
    let catalog = Catalog::built_in().unwrap();
    let refresh = |id: &str| catalog.get(&id.parse().unwrap()).unwrap().refresh.clone();
    let is_microsofts = |provider: &&Provider| {
        provider.token_url.as_ref().is_some_and(|url| url.as_str().contains("login.microsoftonline.com"))
    };

    let family: Vec<_> = catalog.iter().map(|(_, provider)| provider).filter(is_microsofts).collect();

    assert!(family.len() >= 20);
    assert!(family.iter().all(|provider| provider.refresh.rotates == Rotates::Overlap));
    assert_eq!(refresh("zoominfo").grace, Some(30));
}

/// The blocks of the schema's documentation that describe a provider.
fn documented() -> Vec<toml::Table> {
    let text = include_str!("../../../docs/catalog.md");
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|block| block.parse().unwrap())
        .filter(|table: &toml::Table| table.contains_key("name"))
        .collect()
}

#[test]
fn the_examples_of_the_documentation_keep_the_rules() {
    let described = documented();
    let spotify: toml::Table = include_str!("../providers/spotify.toml").parse().unwrap();

    let alike = described[0].iter().all(|(key, value)| spotify.get(key) == Some(value));
    let whole = Catalog::layered(None, &[("files".parse().unwrap(), described[1].clone())].into());

    assert!(alike, "{:?}", described[0]);
    assert!(whole.is_ok(), "{whole:?}");
}

#[test]
fn every_field_has_an_example_in_the_documentation() {
    let source = include_str!("provider.rs").split("impl Provider").next().unwrap();
    let fields = source.lines().filter_map(|line| line.strip_prefix("    pub ")?.split(':').next());
    let whole = &documented()[1];
    let by_another_name = |field: &str| if field == "parameters" { "parameter" } else { field }.to_owned();

    let missing: Vec<_> = fields.map(by_another_name).filter(|field| !whole.contains_key(field)).collect();

    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_provider_needs_https_and_either_an_issuer_or_both_urls() {
    for (text, says) in [
        ("name = 'X'", "either `issuer` or both `authorize_url` and `token_url` must be set"),
        ("name = 'X'\nissuer = 'http://id.test'", "issuer: must be https (http on loopback)"),
        ("name = ' '\nissuer = 'https://id.test'", "name: must not be empty"),
    ] {
        assert_eq!(refusal(text), says);
    }
}

#[test]
fn what_carries_the_flows_safety_can_not_be_overridden() {
    for name in ["state", "client_id", "redirect_uri", "code_challenge", "request_uri", "response_type"] {
        assert_eq!(
            refusal(&with(&format!("authorize_params = {{ {name} = 'x' }}"))),
            format!("authorize_params: `{name}` is set by Grantway and can't be overridden")
        );
    }
    assert!(refusal(&with("authorize_params = { state = false }")).contains("`state`"));
}

#[test]
fn a_template_may_ask_only_for_what_somebody_gives() {
    for (text, place) in [
        ("revoke = 'https://{shop}.id.test/r'", "revoke.url"),
        ("token_params = { a = '{callback:shop}' }", "token_params"),
        ("authorize_params = { a = '{access_token}' }", "authorize_params"),
        ("userinfo = { url = 'https://id.test/{extra:uid}' }", "userinfo.url"),
        // What is in the browser's URL, or would leave ours by a JWT, holds no secret.
        ("authorize_params = { a = '{client_secret}' }", "authorize_params"),
        ("redirect_uri = '{client_secret}'", "redirect_uri"),
        ("client_jwt = { alg = 'ES256', issuer = '{client_secret}' }", "client_jwt"),
        ("client_jwt = { alg = 'ES256', key_id = '{key_id}' }", "client_jwt"),
        // What nobody knows yet.
        ("authorize_params = { a = '{state}' }", "authorize_params"),
        ("token_params = { a = '{access_token}' }", "token_params"),
        ("token_headers = { a = '{extra:x}' }\nanswer = { extra = { x = '/x' } }", "token_headers"),
        (
            "userinfo = { url = 'https://id.test/{extra:x}' }\nlookup = { url = 'https://id.test/', extra = { x = '/x' } }",
            "userinfo.url",
        ),
        ("api_signature = { param = 's', params = { a = '{key}' } }", "api_signature"),
        // A session that API calls carry can't be carried by the requests that come before it is there.
        (
            "api_auth = 'header:X={extra:x}'\nlookup = { url = 'https://id.test/?{access_token}', extra = { x = '/x' } }",
            "api_auth",
        ),
        (
            "api_auth = 'header:X={extra:x}'\naccount = { source = 'nothing' }\nlookup = { url = 'https://id.test/', extra = { x = '/x' } }",
            "api_auth",
        ),
        ("api_urls = ['{extra:api_base}']", "api_urls"),
        ("api_urls = ['https://api.test/{callback:at}']\ncallback = { keep = ['at'] }", "api_urls"),
        ("api_urls = ['https://api.test/{access_token}/']", "api_urls"),
    ] {
        assert!(
            refusal(&with(text)).starts_with(&format!("{place}: nothing gives")),
            "{text}: {}",
            refusal(&with(text))
        );
    }
}

#[test]
fn a_renamed_parameter_can_not_take_the_place_of_a_reserved_one() {
    for place in ["client_id", "client_secret", "redirect_uri", "code", "scope"] {
        assert_eq!(
            refusal(&with(&format!("{place}_param = 'state'"))),
            format!("{place}_param: `state` is set by Grantway and can't be overridden")
        );
    }
    assert!(
        refusal(&with("second_scopes = { param = 'nonce', prefix = 'x:' }"))
            .starts_with("second_scopes.param")
    );
    assert!(
        refusal(&with("switch_account_params = { state = 'x' }"))
            .starts_with("switch_account_params: `state`")
    );
}

#[test]
fn every_rule_is_told_by_its_field() {
    let parameter = "[[parameter]]\nname = 'a'\nlabel = 'A'\npattern = '[0-9]+'\nexample = 'x'";
    for (text, says) in [
        ("account = { id = 'sub' }", "account: `sub` is not a JSON pointer (RFC 6901)"),
        ("answer = { access_token = ['/a', 'b'] }", "answer: `b` is not a JSON pointer (RFC 6901)"),
        (
            "account = { id = ['/id', '/user/EmailAddress'] }",
            "account: `/user/EmailAddress` is an e-mail address, which is no stable id; write `id = []` where nothing else is told",
        ),
        ("brand_color = 'red'", "brand_color: must be written #rrggbb"),
        ("logo = '../x'", "logo: must be a file's name of a-z, 0-9 and -, without its ending"),
        ("token_params = { a = true }", "token_params: `a` must be a text, or false to leave it out"),
        (&parameter.replace("name = 'a'", "name = 'A1'"), "parameter: `A1` must be a-z and _"),
        ("answer = { extra = { A = '/a' } }", "extra: `A` must be a-z and _"),
        (
            "client_auth = 'private_key_jwt'",
            "client_auth: `private_key_jwt` and `secret_jwt` need a [client_jwt]",
        ),
        ("client_auth = 'signed_request'", "client_auth: `signed_request` needs a [request_signature]"),
        (
            "refresh = { by = 'access_token' }",
            "refresh: `by = \"access_token\"` needs `long_lived` or `refresh.url`",
        ),
        ("api_urls = ['http://api.test']", "api_urls: must be https (http on loopback)"),
        (
            "api_urls = ['https://api.test/?a=1']",
            "api_urls: `https://api.test/?a=1` must be an address without query or fragment",
        ),
        (
            "api_urls = ['https://api.test']\napi_auth = 'none'",
            "api_urls: with `api_auth = \"none\"` nothing would carry the token there",
        ),
        (parameter, "parameter a: its pattern does not fit its example or default"),
    ] {
        assert_eq!(refusal(&with(text)), says);
    }
}

#[test]
fn an_unknown_field_is_refused_by_name_at_every_depth() {
    for (text, field) in [
        ("[answer.extra]\na = { at = '/a', patern = 'x' }", "patern"),
        ("isuer = 'https://id.test'", "isuer"),
        ("userinfo = { url = 'https://id.test', methd = 'GET' }", "methd"),
        ("revoke = { url = 'https://id.test', hint = 'x' }", "hint"),
        ("answer = { acess_token = '/a' }", "acess_token"),
    ] {
        let error = toml::from_str::<Provider>(&with(text)).unwrap_err().to_string();

        assert!(error.contains(&format!("unknown field `{field}`")), "{error}");
    }
}

#[test]
fn an_operators_folder_adds_and_replaces() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("corp.toml"), "name = 'Corp'\nissuer = 'https://id.corp.test'").unwrap();
    fs::write(folder.path().join("github.toml"), "extends = 'corp'\nname = 'Our GitHub'").unwrap();

    let catalog = Catalog::layered(Some(folder.path()), &BTreeMap::new()).unwrap();

    let github = catalog.get(&"github".parse().unwrap()).unwrap();
    assert_eq!(
        (github.name.as_str(), github.issuer.as_ref().unwrap().as_str()),
        ("Our GitHub", "https://id.corp.test")
    );
    assert!(catalog.get(&"google".parse().unwrap()).is_some());
}

#[test]
fn an_operator_changes_one_field_of_a_built_in_provider() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("microsoft.toml"), "extends = 'microsoft'\nscopes = ['openid']").unwrap();
    let declared = [
        ("github", "scopes = ['repo']\nextends = 'github'"),
        ("microsoft", "extends = 'microsoft'\nname = 'Ours'"),
    ];
    let declared = declared.map(|(id, text)| (id.parse().unwrap(), text.parse().unwrap())).into();

    let catalog = Catalog::layered(Some(folder.path()), &declared).unwrap();

    let provider = |id: &str| catalog.get(&id.parse().unwrap()).unwrap();
    let (github, microsoft, outlook) = (provider("github"), provider("microsoft"), provider("outlook"));
    assert_eq!((github.name.as_str(), &github.scopes[..]), ("GitHub", &["repo".to_owned()][..]));
    // One layer on another, and a family stands on its changed head.
    assert_eq!((microsoft.name.as_str(), &microsoft.scopes[..]), ("Ours", &["openid".to_owned()][..]));
    assert!(microsoft.aliases.contains(&"microsoft-graph".to_owned()));
    assert_eq!((outlook.name.as_str(), &outlook.scopes[..]), ("Outlook", &["openid".to_owned()][..]));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Catalog::layered(Some("/nowhere/providers".as_ref()), &BTreeMap::new()).unwrap_err();

    assert!(error.to_string().starts_with("/nowhere/providers: "), "{error}");
}

#[test]
fn a_wrong_file_of_the_folder_is_named() {
    for (name, text, says) in [
        (
            "Corp.toml",
            "name = 'Corp'\nissuer = 'https://id.test'",
            "Corp.toml: the file's name is not a provider id",
        ),
        ("corp.toml", "nam = 'Corp'", "unknown field `nam`"),
        ("corp.toml", "extends = 'nobody'", "corp.toml: `extends = \"nobody\"` names no provider"),
        (
            "corp.toml",
            "extends = 'corp'",
            "corp.toml: `extends = \"corp\"` names no provider, or goes in a circle",
        ),
        ("corp.toml", "extends = 7", "corp.toml: `extends = \"\"` names no provider"),
        ("corp.toml", "name = 'Corp'", "corp.toml: either `issuer` or both"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();

        let error = Catalog::layered(Some(folder.path()), &BTreeMap::new()).unwrap_err().to_string();

        assert!(error.contains(says), "{error}");
    }
}
