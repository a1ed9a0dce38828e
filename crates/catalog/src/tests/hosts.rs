//! Hosts: whose word may stand in one.

use super::{refusal, with};
use crate::Catalog;

#[test]
fn only_a_parameter_or_a_kept_value_with_a_pattern_stands_in_a_host() {
    let userinfo =
        |name: &str, more: &str| with(&format!("userinfo = {{ url = 'https://{{{name}}}/me' }}\n{more}"));
    let kept = |pattern: &str| userinfo("extra:x", &format!("[answer.extra]\nx = {{ at = '/x'{pattern} }}"));

    for text in [
        userinfo("callback:x", "callback = { keep = ['x'] }"),
        userinfo("extra:x", "answer = { extra = { x = '/x' } }"),
        userinfo("access_token", ""),
        userinfo("client_id", ""),
        userinfo("client_secret}.id.test/{client_id", ""),
    ] {
        assert!(refusal(&text).contains("can't stand in a host"), "{text}: {}", refusal(&text));
    }
    assert!(refusal(&kept(", pattern = '[a-z.]+'")).contains("lets any host through"));
    let mut catalog = Catalog::default();
    let bound = toml::from_str(&kept(r", pattern = '[a-z]+\.id\.test'")).unwrap();
    assert!(catalog.declare("x".parse().unwrap(), bound).is_ok());
}

#[test]
fn a_host_that_may_be_anyones_is_asked_of_the_operator_only() {
    let host = |rest: &str| {
        format!(
            "name = 'X'\nauthorize_url = 'https://{{host}}/a'\ntoken_url = 'https://{{host}}/t'\n[[parameter]]\n\
             name = 'host'\nlabel = 'Host'\npattern = '[a-z.]+'\nexample = 'git.acme.com'\n{rest}"
        )
    };
    let told = "free_host = true\nasked_of = 'app'\nfrom_callback = { param = 'host' }";
    for rest in ["", "free_host = true", "asked_of = 'app'", told] {
        assert!(refusal(&host(rest)).contains("the client secret would go there"), "{rest}");
    }
    for (pattern, example) in [
        (r"[a-z]+\.io", "acme.io"),
        (r"[a-z]+\.net", "acme.net"),
        (r"[a-z.]*id\.test", "id.test"),
        (r"id\.[a-z]{2,3}(\.[a-z]{2})?", "id.co.uk"),
    ] {
        let text = host("").replace("[a-z.]+", pattern).replace("git.acme.com", example);
        for port in ["", ":443", ":8443"] {
            let text = text.replace("{host}", &format!("{{host}}{port}"));
            assert!(refusal(&text).contains("the client secret would go there"), "{text}");
        }
    }
    let mut catalog = Catalog::default();
    let kept = toml::from_str(&host("free_host = true\nasked_of = 'app'")).unwrap();
    assert!(catalog.declare("x".parse().unwrap(), kept).is_ok());
}

#[test]
fn the_hosts_that_a_person_may_choose_are_the_providers_own() {
    let catalog = Catalog::built_in().unwrap();
    let accepts = |id: &str, name: &str, host: &str| {
        let provider = catalog.get(&id.parse().unwrap()).unwrap();
        provider.parameter(name).unwrap().accept(host).is_some()
    };
    for (id, name, own, others) in [
        (
            "amazon-selling-partner",
            "seller_host",
            ["sellercentral-europe.amazon.com", "sellercentral.amazon.co.jp"],
            ["sellercentral.amazon.xyz", "sellercentral.amazon.com.tk"],
        ),
        (
            "mercado-libre",
            "auth_host",
            ["auth.mercadolibre.com.ar", "auth.mercadolivre.com.br"],
            ["auth.mercadolibre.com.tk", "auth.mercadolibre.co.uk"],
        ),
        (
            "datadog",
            "app_host",
            ["us5.datadoghq.com", "app.ddog-gov.com"],
            ["app.ddog-gov.eu", "us3.datadoghq.eu"],
        ),
    ] {
        assert!(own.iter().all(|host| accepts(id, name, host)), "{id}");
        assert!(!others.iter().any(|host| accepts(id, name, host)), "{id}");
    }
}

#[test]
fn the_endpoints_depend_on_connection_parameters_only() {
    for name in ["client_id", "random", "redirect_uri"] {
        for place in ["authorize_url", "token_url"] {
            let text =
                with("").replace(if place == "token_url" { "/t" } else { "/a" }, &format!("/{{{name}}}"));
            assert!(refusal(&text).starts_with(&format!("{place}: nothing gives")), "{text}");
        }
    }
}
