//! The log, at its most talkative, holds no secret.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{Setup, World};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_whole_connection_leaves_no_secret_in_a_trace_log() {
    let kept = Kept::default();
    let log =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(kept.clone()).finish();
    // For the whole process: a line's fate is decided once, by whichever test's thread reaches it first. So
    // the other tests' lines are looked through as well.
    tracing::subscriber::set_global_default(log).unwrap();
    let site = "https://files.test".parse().unwrap();
    let setup = Setup { description: "api_urls = ['https://files.test']", ..Setup::at(&site) };
    let world = World::with(setup).await;

    let minted = world.mint(json!({"allowed_providers": ["files"]})).await;
    let (_, cookies) = world.connect(&minted, &[("mode", "popup"), ("poll", "CANARY-poll-0123456789")]).await;
    let grant =
        world.api("GET", "/v1/grants", None).await.json()["data"][0]["grant_id"].as_str().unwrap().to_owned();
    world.api("POST", &format!("/v1/grants/{grant}/token"), None).await;
    let path = format!("/v1/grants/{grant}/proxy/userinfo/CANARY-path?q=CANARY-query");
    assert_eq!(world.api("GET", &path, None).await.header("grantway-upstream"), Some("true"));
    world.get("/connect/callback/acme.files?state=CANARY-state&code=CANARY-code", "").await;

    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/connect/callback/{registration}"), "the log was kept: {log}");
    let cookie_values = cookies.split("; ").map(|pair| pair.split_once('=').unwrap().1);
    for secret in ["CANARY", "gws_", "gw_sk_", "alice@acme.test"].into_iter().chain(cookie_values) {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
