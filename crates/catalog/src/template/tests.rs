use super::*;

fn url(template: &str, value: &str) -> Result<String, TemplateError> {
    let template = Template::from(template);
    template.fill_url(|_| Some(value.to_owned())).map(String::from)
}

#[test]
fn a_value_in_a_host_can_not_leave_the_domain() {
    let shop = "https://{shop}.example.com/token";

    assert_eq!(url(shop, "acme").unwrap(), "https://acme.example.com/token");
    for evil in [
        "evil.test#",
        "evil.test/",
        "evil.test?",
        "evil.test\\",
        "a@evil.test",
        "evil.test:80",
        "evil.test:80/",
        "é",
        "ａ",
        "evil.test%23",
        "",
        ".",
        "a b",
        "a\n",
        "evil.test。",
    ] {
        let built = url(shop, evil);
        assert!(
            built.as_ref().is_err()
                || Url::parse(built.as_ref().unwrap()).unwrap().host_str().unwrap().ends_with(".example.com"),
            "{evil:?} became {built:?}"
        );
    }
}

#[test]
fn a_host_may_have_a_port_but_no_user() {
    assert_eq!(url("https://{host}/x", "git.acme.com:8443").unwrap(), "https://git.acme.com:8443/x");
    assert_eq!(url("https://{host}/x", "git.acme.com:443").unwrap(), "https://git.acme.com/x");
    for evil in ["u:p@evil.test", "a/b", "0x7f.1", "2130706433", "127.1"] {
        assert!(url("https://{host}/x", evil).is_err(), "{evil}");
    }
}

#[test]
fn elsewhere_in_a_url_a_value_is_encoded() {
    assert_eq!(
        url("https://a.test/{id}?t={id}", "../x&y=ü").unwrap(),
        "https://a.test/..%2Fx%26y%3D%C3%BC?t=..%2Fx%26y%3D%C3%BC"
    );
}

#[test]
fn a_value_elsewhere_can_not_leave_its_folder() {
    let company = "https://a.test/v3/{id}/info";

    for evil in ["..", ".", ""] {
        assert!(matches!(url(company, evil), Err(TemplateError::Path(_))), "{evil:?}");
    }
    assert!(matches!(url("https://a.test/v3/.{id}", "."), Err(TemplateError::Path(_))));
    assert_eq!(url(company, "...").unwrap(), "https://a.test/v3/.../info");
    assert_eq!(url("https://a.test/v3?id={id}", "").unwrap(), "https://a.test/v3?id=");
    assert_eq!(url("https://a.test/v3?id={id}", "..").unwrap(), "https://a.test/v3?id=..");
}

#[test]
fn a_whole_address_is_the_providers_and_public() {
    let base = "{extra:api_base}";

    assert_eq!(url(base, "https://eu.api.test/v1").unwrap(), "https://eu.api.test/v1");
    for evil in [
        "http://api.test",
        "https://127.0.0.1",
        "https://[::1]/",
        "https://2130706433",
        "https://localhost",
        "https://db.localhost/",
        "https://intranet",
        "https://u:p@api.test",
        "https://api.test?x=",
        "https://api.test#x",
        "api.test",
        "",
    ] {
        assert!(url(base, evil).is_err(), "{evil}");
    }
    assert!(url("{host}", "https://api.test").is_err(), "a person's word is no address");
}

#[test]
fn braces_around_anything_else_are_text() {
    let template = Template::from("{\"query\":\"query { me { id } }\",\"t\":\"{access_token}\"}");

    assert_eq!(template.names().collect::<Vec<_>>(), ["access_token"]);
    assert_eq!(
        template.fill(|_| Some("T".to_owned())).unwrap(),
        "{\"query\":\"query { me { id } }\",\"t\":\"T\"}"
    );
}

#[test]
fn a_name_without_a_value_is_named() {
    assert_eq!(Template::from("{shop}").fill(|_| None), Err(TemplateError::Missing("shop".to_owned())));
}

#[test]
fn people_may_type_the_whole_host() {
    assert_eq!(Template::from("https://{shop}.example.com/x").host_after("shop"), Some(".example.com"));
    assert_eq!(Template::from("https://{host}/x").host_after("host"), None);
    assert_eq!(Template::from("https://a.test/{host}").host_after("host"), None);
}
