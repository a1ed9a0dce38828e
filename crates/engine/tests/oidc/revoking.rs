//! Revocation (RFC 7009): what counts as done.

use grantway_engine::{EngineError, revoke};
use serde_json::{Value, json};

use crate::op::{NOW, Op, Party};

async fn revoked(rules: &str, answer: Value) -> Result<(), EngineError> {
    let op = Op::new(|script| script.revoked = answer);
    let party = Party::new(&op, &format!("revoke = 'https://op.test/revoke'\n{rules}"));
    let tokens = party.exchange().await.unwrap();
    let endpoints = party.endpoints().await.unwrap();
    revoke(&*op, &party.client(&endpoints), &tokens, NOW).await
}

#[tokio::test]
async fn a_no_with_status_200_is_a_no() {
    // The token answers of this provider keep its own rule.
    let ok = "answer = { ok = '/token_type == Bearer' }";

    assert_eq!(revoked(ok, json!({"token_type": "none"})).await, Err(EngineError::Refused));
    assert_eq!(revoked("", json!({"error": "invalid_client"})).await, Err(EngineError::Refused));
    assert_eq!(revoked(ok, json!({"token_type": "Bearer"})).await, Ok(()));
}

#[tokio::test]
async fn an_answer_that_says_nothing_of_it_or_that_the_grant_was_dead_is_a_yes() {
    assert_eq!(revoked("", json!({})).await, Ok(()));
    assert_eq!(revoked("answer = { ok = '/token_type == Bearer' }", json!({"done": 1})).await, Ok(()));
    assert_eq!(
        revoked("answer = { dead = ['token_revoked'] }", json!({"error": "token_revoked"})).await,
        Ok(())
    );
}
