//! The provider: by the book unless told otherwise, in process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use grantway_catalog::Provider;
use grantway_core::{Secret, Timestamp, flow::AcceptedCode, grant::Account};
use grantway_engine::{
    Client, Directory, Endpoints, EngineError, Http, HttpError, Proof, TokenSet, exchange, identify,
};
use grantway_testkit::{SeededEntropy, ToldClock};
use http::{Request, Response};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub(crate) const ISSUER: &str = "https://op.test";
pub(crate) const ES256: &str = include_str!("es256.pem");
pub(crate) const RS256: &str = include_str!("rs256.pem");
pub(crate) const NONCE: &str = "n-0S6_WzA2Mj";

/// How an id token is made.
#[derive(Clone)]
pub(crate) struct IdToken {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) claims: Value,
    /// Another signature than that of the key.
    pub(crate) forged: bool,
}

/// What the provider tells; tests change it.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) id_token: Option<IdToken>,
    pub(crate) token: Value,
    pub(crate) userinfo: Value,
    pub(crate) metadata: Value,
    pub(crate) keys: Value,
    /// What a revocation is answered with, by 200.
    pub(crate) revoked: Value,
    /// Paths that answer 404.
    pub(crate) gone: Vec<&'static str>,
    /// Nothing answers.
    pub(crate) dark: bool,
}

/// Method, path and the whole of it.
type Seen = (String, String, Request<Vec<u8>>);

pub(crate) struct Op {
    pub(crate) script: Mutex<Script>,
    pub(crate) requests: Mutex<Vec<Seen>>,
}

impl Script {
    fn new() -> Self {
        let seconds = NOW.unix_seconds();
        let claims = json!({"iss": ISSUER, "sub": "sub-1", "aud": "client", "iat": seconds, "exp": seconds + 600, "nonce": NONCE});
        Self {
            id_token: Some(IdToken {
                algorithm: Algorithm::ES256,
                kid: Some("es".to_owned()),
                claims,
                forged: false,
            }),
            token: json!({"access_token": "at", "token_type": "Bearer", "expires_in": 60, "refresh_token": "rt"}),
            userinfo: json!({"sub": "sub-1", "email": "ada@example.com", "name": "Ada"}),
            metadata: json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "jwks_uri": format!("{ISSUER}/keys"),
            }),
            keys: serde_json::from_str(include_str!("keys.json")).unwrap(),
            revoked: json!({}),
            gone: Vec::new(),
            dark: false,
        }
    }

    pub(crate) fn claims(&mut self) -> &mut Value {
        &mut self.id_token.as_mut().unwrap().claims
    }
}

impl IdToken {
    fn text(&self) -> String {
        let header = Header { kid: self.kid.clone(), ..Header::new(self.algorithm) };
        let key = match self.algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_pem(ES256.as_bytes()),
            Algorithm::RS256 => EncodingKey::from_rsa_pem(RS256.as_bytes()),
            _ => Ok(EncodingKey::from_secret(b"secret")),
        };
        let text = encode(&header, &self.claims, &key.unwrap()).unwrap();
        if !self.forged {
            return text;
        }
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        format!("{signed}.{other}{}", &signature[1..])
    }
}

impl Op {
    pub(crate) fn new(change: impl FnOnce(&mut Script)) -> Arc<Self> {
        let mut script = Script::new();
        change(&mut script);
        Arc::new(Self { script: Mutex::new(script), requests: Mutex::default() })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(_, asked, _)| asked == path).count()
    }

    /// The form of the last request to a path.
    pub(crate) fn form(&self, path: &str) -> Vec<(String, String)> {
        let requests = self.requests.lock().unwrap();
        let (.., request) = requests.iter().rfind(|(_, asked, _)| asked == path).unwrap();
        url::form_urlencoded::parse(request.body()).into_owned().collect()
    }

    pub(crate) fn header(&self, path: &str, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        let (.., request) = requests.iter().rfind(|(_, asked, _)| asked == path).unwrap();
        request.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

#[async_trait]
impl Http for Op {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let path = request.uri().path().to_owned();
        self.requests.lock().unwrap().push((request.method().to_string(), path.clone(), request));
        let script = self.script.lock().unwrap().clone();
        if script.dark {
            return Err(HttpError::Unanswered);
        }
        let (status, body) = match path.as_str() {
            gone if script.gone.contains(&gone) => (404, json!({})),
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                (200, script.metadata)
            }
            "/keys" => (200, script.keys),
            "/userinfo" => (200, script.userinfo),
            "/revoke" => (200, script.revoked),
            "/par" => (201, json!({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 60})),
            "/token" => {
                let mut token = script.token;
                if let Some(id_token) = script.id_token {
                    token["id_token"] = json!(id_token.text());
                }
                (200, token)
            }
            _ => (404, json!({})),
        };
        let answer = Response::builder().status(status).header("content-type", "application/json");
        Ok(answer.body(body.to_string().into_bytes()).unwrap())
    }
}

/// A client of that provider, registered as `client` with the secret `secret`.
pub(crate) struct Party {
    pub(crate) op: Arc<Op>,
    pub(crate) provider: Provider,
    pub(crate) directory: Directory,
    pub(crate) secret: Secret,
    pub(crate) entropy: SeededEntropy,
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Party {
    pub(crate) fn new(op: &Arc<Op>, more: &str) -> Self {
        let text = format!("name = 'OP'\nissuer = '{ISSUER}'\nscopes = ['openid']\n{more}");
        Self {
            op: op.clone(),
            provider: toml::from_str(&text).unwrap(),
            directory: Directory::new(op.clone(), Arc::new(ToldClock::at(NOW))),
            secret: Secret::new("secret".to_owned()),
            entropy: SeededEntropy::new(1),
            parameters: BTreeMap::new(),
        }
    }

    pub(crate) async fn endpoints(&self) -> Result<Endpoints, EngineError> {
        self.directory.endpoints(&self.provider, &self.parameters).await
    }

    pub(crate) fn client<'a>(&'a self, endpoints: &'a Endpoints) -> Client<'a> {
        Client {
            provider: &self.provider,
            endpoints,
            client_id: "client",
            client_secret: Some(&self.secret),
            redirect_uri: "https://connect.test/callback",
            parameters: &self.parameters,
            entropy: &self.entropy,
        }
    }

    pub(crate) async fn exchange(&self) -> Result<TokenSet, EngineError> {
        let endpoints = self.endpoints().await?;
        let code = AcceptedCode::from_plain(&Secret::new("state\ncode".to_owned())).unwrap();
        let (verifier, kept) = (Secret::new("verifier".to_owned()), BTreeMap::new());
        let proof = Proof { code, verifier: &verifier, kept: &kept };
        exchange(&*self.op, &self.client(&endpoints), proof, NOW).await
    }

    /// The whole second half of a flow: exchange, then whose the tokens are.
    pub(crate) async fn sign_in(&self) -> Result<Account, EngineError> {
        let tokens = self.exchange().await?;
        self.identify(&tokens).await
    }

    pub(crate) async fn identify(&self, tokens: &TokenSet) -> Result<Account, EngineError> {
        let endpoints = self.endpoints().await?;
        let kept = BTreeMap::new();
        let asked =
            identify::Asked { nonce: Some(NONCE), scopes: &self.provider.scopes, kept: &kept, now: NOW };
        identify::identify(&*self.op, &self.directory, &self.client(&endpoints), tokens, asked).await
    }
}
