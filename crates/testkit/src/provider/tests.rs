//! The provider's strictness, through its routes.

mod authorize;
mod resource;
mod switches;
mod token;

use std::{collections::HashMap, sync::Arc};

use grantway_core::{Digest, Timestamp, secret::base64url};
use grantway_engine::Http as _;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::*;
use crate::{Person, RouterHttp, SeededEntropy, ToldClock};

const CALLBACK: &str = "https://connect.test/connect/callback/reg_1";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// A form's fields, to be changed by name.
type Fields = Vec<(&'static str, String)>;

/// A provider that knows the clients "acme" and "other", and a clock to move.
struct Desk {
    provider: FakeProvider,
    clock: Arc<ToldClock>,
}

impl Desk {
    fn new() -> Self {
        let clock = Arc::new(ToldClock::at(Timestamp(1_800_000_000_000)));
        let client = |client_id: &str| FakeClient {
            client_id: client_id.to_owned(),
            client_secret: format!("{client_id} secret"),
            redirect_uris: vec![CALLBACK.to_owned()],
        };
        let config = FakeProviderConfig {
            public_url: Url::parse("https://provider.test").unwrap(),
            clients: vec![client("acme"), client("other")],
        };
        let provider = FakeProvider::new(config, clock.clone(), Arc::new(SeededEntropy::new(7)));
        Self { provider, clock }
    }

    fn authorize_url(&self, fields: &Fields) -> Url {
        let mut url = self.provider.endpoint("/authorize");
        url.query_pairs_mut().extend_pairs(fields);
        url
    }

    async fn code(&self) -> String {
        let callback = Person::allow(&self.provider, &self.authorize_url(&question()), "ada").await;
        query(&callback).remove("code").unwrap()
    }

    async fn tokens(&self) -> Value {
        let (status, tokens) = self.token(&exchange(&self.code().await)).await;
        assert_eq!(status, StatusCode::OK);
        tokens
    }

    async fn token(&self, fields: &Fields) -> (StatusCode, Value) {
        let answer = self.post("/token", fields).await.unwrap();
        (answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    async fn post(
        &self,
        path: &str,
        fields: &Fields,
    ) -> Result<Response<Vec<u8>>, grantway_engine::HttpError> {
        let request = Request::post(self.provider.endpoint(path).as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, &form(fields)).await
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: &str,
    ) -> Result<Response<Vec<u8>>, grantway_engine::HttpError> {
        let url = self.provider.endpoint("/");
        let network = RouterHttp::new().serving(&url, self.provider.router());
        network.send(request.body(body.as_bytes().to_vec()).unwrap()).await
    }

    async fn userinfo(&self, token: &Value) -> Response<Vec<u8>> {
        let request = Request::get(self.provider.endpoint("/userinfo").as_str())
            .header("authorization", format!("Bearer {}", token.as_str().unwrap()));
        self.send(request, "").await.unwrap()
    }
}

fn form(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// A good authorization request.
fn question() -> Fields {
    vec![
        ("client_id", "acme".to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("response_type", "code".to_owned()),
        ("state", "state & more".to_owned()),
        ("scope", "files.read profile".to_owned()),
        ("code_challenge", base64url(Digest::of(VERIFIER).as_bytes())),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// A good exchange of this code.
fn exchange(code: &str) -> Fields {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
        ("client_id", "acme".to_owned()),
        ("client_secret", "acme secret".to_owned()),
    ]
}

/// A good refresh with this token.
fn refresh(token: &Value) -> Fields {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", token.as_str().unwrap().to_owned()),
        ("client_id", "acme".to_owned()),
        ("client_secret", "acme secret".to_owned()),
    ]
}

/// The same fields with one changed.
fn with(mut fields: Fields, name: &str, value: &str) -> Fields {
    for (key, old) in &mut fields {
        if *key == name {
            value.clone_into(old);
        }
    }
    fields
}

/// The same fields without one.
fn without(mut fields: Fields, name: &str) -> Fields {
    fields.retain(|(key, _)| *key != name);
    fields
}

fn refused(error: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, serde_json::json!({ "error": error }))
}
