//! What the operator of these tests declares: an app, its registrations, the providers.

use std::collections::BTreeMap;

use grantway_catalog::Catalog;
use grantway_core::{KeyScope, Secret, app::Identity};
use grantway_service::{AppSpec, KeySpec, RegistrationSpec};
use grantway_testkit::Issuer;
use url::Url;

use super::APP;

pub(crate) fn key_spec(name: &str, scopes: &[KeyScope]) -> KeySpec {
    KeySpec { name: name.to_owned(), scopes: scopes.iter().copied().collect(), seconds: None }
}

pub(super) fn catalog(site: &str, description: &str) -> Catalog {
    let mut catalog = Catalog::default();
    let text = format!(
        "name = 'Files'\nauthorize_url = '{site}/authorize'\ntoken_url = '{site}/token'\nrevoke = '{site}/revoke'\n\
         scopes = ['profile', 'files.read']\nuserinfo = {{ url = '{site}/userinfo' }}\n\
         account = {{ id = '/id', email = '/email', name = '/name' }}\n{description}"
    );
    catalog.declare("files".parse().unwrap(), toml::from_str(&text).unwrap()).unwrap();
    let posts = format!("response_mode = 'form_post'\n{text}");
    catalog.declare("posts".parse().unwrap(), toml::from_str(&posts).unwrap()).unwrap();
    let shops = "name = 'Shops'\nauthorize_url = 'https://{shop}.shops.test/authorize'\ntoken_url = 'https://{shop}.shops.test/token'\n\
         [[parameter]]\nname = 'shop'\nlabel = 'Shop name'\npattern = '[a-z0-9-]+'\nexample = 'acme'";
    catalog.declare("shops".parse().unwrap(), toml::from_str(shops).unwrap()).unwrap();
    catalog
}

pub(super) fn sign_in() -> Url {
    "https://id.test".parse().unwrap()
}

/// Of the app's own users.
pub(super) fn issuer() -> Issuer {
    Issuer::at(&sign_in())
}

pub(crate) fn app_spec() -> AppSpec {
    let registration = |provider: &str| RegistrationSpec {
        provider: provider.parse().unwrap(),
        client_id: "acme".to_owned(),
        client_secret: Some(Secret::new("CANARY-secret".to_owned())),
        parameters: BTreeMap::new(),
        scopes: Vec::new(),
        allowed_scopes: Vec::new(),
    };
    AppSpec {
        id: "acme".parse().unwrap(),
        name: "Acme <Notes>".to_owned(),
        website_url: Some(APP.parse().unwrap()),
        return_origins: Vec::new(),
        identity: Some(Identity {
            issuer: "https://id.test".to_owned(),
            audience: "acme".to_owned(),
            jwks_uri: None,
            algorithms: vec!["ES256".to_owned()],
            user_claim: "sub".to_owned(),
        }),
        registrations: vec![registration("files"), registration("posts"), registration("shops")],
        webhooks: Vec::new(),
    }
}
