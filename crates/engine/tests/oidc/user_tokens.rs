//! User tokens of an app's own issuer: what is believed, and what never is.

use grantway_core::{Secret, app::Identity, grant::User};
use grantway_engine::{Directory, EngineError, JwtError, user_token};
use grantway_testkit::ToldClock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::op::{ES256, ISSUER, NOW, Op, RS256, Script};

fn identity() -> Identity {
    serde_json::from_value(json!({"issuer": ISSUER, "audience": "acme"})).unwrap()
}

fn claims() -> Value {
    let now = NOW.unix_seconds();
    json!({"iss": ISSUER, "sub": "u1", "aud": "acme", "iat": now, "nbf": now, "exp": now + 60, "email": "a@acme.test"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed(header: &Header, claims: &Value) -> Secret {
    let key = match header.alg {
        Algorithm::RS256 | Algorithm::RS512 => EncodingKey::from_rsa_pem(RS256.as_bytes()).unwrap(),
        Algorithm::ES256 => EncodingKey::from_ec_pem(ES256.as_bytes()).unwrap(),
        _ => EncodingKey::from_secret(b"secret"),
    };
    Secret::new(encode(header, claims, &key).unwrap())
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }
}

struct Asked {
    op: std::sync::Arc<Op>,
    directory: Directory,
    identity: Identity,
}

impl Asked {
    fn new(change: impl FnOnce(&mut Script), identity: Identity) -> Self {
        let op = Op::new(change);
        let directory = Directory::new(op.clone(), std::sync::Arc::new(ToldClock::at(NOW)));
        Self { op, directory, identity }
    }

    async fn verify(&self, token: &Secret) -> Result<User, JwtError> {
        user_token::verify(&self.directory, &self.identity, token, NOW).await
    }

    async fn refusal(&self, claims: &Value) -> Option<JwtError> {
        self.verify(&signed(&header(Algorithm::ES256, Some("es")), claims)).await.err()
    }
}

#[tokio::test]
async fn a_right_one_names_the_user_by_its_issuers_metadata_alone() {
    // As at issuers that are no OAuth server to others.
    let bare = |script: &mut Script| {
        script.metadata = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
    };
    let asked = Asked::new(bare, identity());

    let user = asked.verify(&signed(&header(Algorithm::ES256, Some("es")), &claims())).await.unwrap();

    assert_eq!((user.id.as_str(), user.email.as_deref(), user.name), ("u1", Some("a@acme.test"), None));
    assert!(asked.verify(&signed(&header(Algorithm::RS256, Some("rs")), &claims())).await.is_ok());
    assert!(asked.refusal(&with("aud", json!(["other", "acme"]))).await.is_none(), "an API beside others");
    assert!(asked.refusal(&without("nbf")).await.is_none() && asked.refusal(&without("iat")).await.is_none());
    assert_eq!(asked.op.asked("/keys"), 1);
}

#[tokio::test]
async fn each_claim_keeps_its_rule() {
    let asked = Asked::new(|_| {}, identity());
    let now = NOW.unix_seconds();

    for (claims, rule) in [
        (with("iss", json!("https://other.test")), "its issuer is another"),
        (with("iss", json!(format!("{ISSUER}/"))), "its issuer is another"),
        (without("iss"), "a claim is missing"),
        (with("aud", json!("other")), "it was made for another audience"),
        (without("aud"), "a claim is missing"),
        (without("exp"), "a claim is missing"),
        (with("exp", json!(now - 60)), "it has expired"),
        (with("nbf", json!(now + 61)), "it is not valid yet"),
        (with("iat", json!(now + 61)), "it is not valid yet"),
        (without("sub"), "it does not name its user"),
        (with("sub", json!(" ")), "it does not name its user"),
        (with("sub", json!(7)), "it does not name its user"),
        (with("sub", json!("u\0")), "it does not name its user"),
    ] {
        assert_eq!(asked.refusal(&claims).await, Some(JwtError::Broken(rule)), "{claims}");
    }
    assert!(asked.refusal(&with("exp", json!(now - 59))).await.is_none(), "clocks differ a little");
}

#[tokio::test]
async fn the_header_chooses_only_among_the_declared_algorithms() {
    let only_es = Identity { algorithms: vec!["ES256".to_owned()], ..identity() };
    let asked = Asked::new(|_| {}, only_es);
    let none = Secret::new("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.".to_owned());

    for token in [
        signed(&header(Algorithm::RS256, Some("rs")), &claims()),
        signed(&header(Algorithm::HS256, Some("es")), &claims()),
        none,
        Secret::new("no token".to_owned()),
    ] {
        assert!(matches!(asked.verify(&token).await, Err(JwtError::Broken(_))));
    }
    assert_eq!(asked.op.asked("/keys"), 0, "nobody is asked for a token that can't be believed");
    let other = Header { alg: Algorithm::ES256, ..header(Algorithm::ES256, Some("rs")) };
    assert!(matches!(
        asked.verify(&signed(&other, &claims())).await,
        Err(JwtError::Broken("its key is unknown"))
    ));
}

#[tokio::test]
async fn a_forged_one_and_one_with_an_unknown_extension_are_refused() {
    let asked = Asked::new(|_| {}, identity());
    let right = signed(&header(Algorithm::ES256, Some("es")), &claims());
    let (_, signature) = right.expose().rsplit_once('.').unwrap();
    let other = signed(&header(Algorithm::ES256, Some("es")), &with("sub", json!("u2")));
    let forged = Secret::new(format!("{}.{signature}", other.expose().rsplit_once('.').unwrap().0));
    let extended = Header { crit: Some(vec!["exp".to_owned()]), ..header(Algorithm::ES256, Some("es")) };

    assert_eq!(asked.verify(&forged).await, Err(JwtError::Broken("its signature is wrong")));
    let refusal = asked.verify(&signed(&extended, &claims())).await;
    assert_eq!(refusal, Err(JwtError::Broken("it demands an extension")));
}

#[tokio::test]
async fn tokens_of_unknown_keys_do_not_make_us_ask_without_end() {
    let asked = Asked::new(|_| {}, identity());

    for number in 0..9 {
        let token = signed(&header(Algorithm::ES256, Some(&format!("k{number}"))), &claims());
        assert_eq!(asked.verify(&token).await, Err(JwtError::Broken("its key is unknown")));
    }

    assert_eq!(asked.op.asked("/keys"), 1);
}

#[tokio::test]
async fn declared_keys_and_claims_go_before_the_usual_ones() {
    let declared = Identity {
        jwks_uri: Some(format!("{ISSUER}/keys").parse().unwrap()),
        user_claim: "uid".to_owned(),
        ..identity()
    };
    let asked = Asked::new(|script| script.gone = vec!["/.well-known/openid-configuration"], declared);

    let token = signed(&header(Algorithm::ES256, Some("es")), &with("uid", json!("42")));

    assert_eq!(asked.verify(&token).await.unwrap().id, "42");
    assert_eq!(asked.op.asked("/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn an_issuer_that_is_silent_is_no_fault_of_the_token() {
    let asked = Asked::new(|script| script.dark = true, identity());

    let refusal = asked.verify(&signed(&header(Algorithm::ES256, Some("es")), &claims())).await;

    assert_eq!(refusal, Err(JwtError::Keys(EngineError::Unanswered)));
}

#[test]
fn an_identity_provider_must_be_declared_safely() {
    type Change = fn(&mut Identity);
    let changes: [(Change, &str); 7] = [
        (|i| i.issuer = "http://id.test".to_owned(), "issuer"),
        (|i| i.issuer = "id.test".to_owned(), "issuer"),
        (|i| i.jwks_uri = Some("http://id.test/keys".parse().unwrap()), "jwks_uri"),
        (|i| i.audience = String::new(), "audience"),
        (|i| i.user_claim = " ".to_owned(), "user_claim"),
        (|i| i.algorithms = vec!["HS256".to_owned()], "algorithms"),
        (|i| i.algorithms.clear(), "algorithms"),
    ];
    assert_eq!(user_token::check(&identity()), Ok(()));
    for (change, field) in changes {
        let mut identity = identity();
        change(&mut identity);
        assert_eq!(user_token::check(&identity).unwrap_err().0, field);
    }
}
