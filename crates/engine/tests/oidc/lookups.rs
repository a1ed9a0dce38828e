//! What API calls need beside the access token, and for how long.

use grantway_engine::{TokenSet, refresh};
use serde_json::json;

use crate::op::{NOW, Op, Party};

const LOOKUP: &str =
    "lookup = { url = 'https://op.test/userinfo?at={access_token}', extra = { session = '/sub' }";

async fn refreshed(party: &Party, tokens: &TokenSet) -> TokenSet {
    let endpoints = party.endpoints().await.unwrap();
    refresh(&*party.op, &party.client(&endpoints), tokens, NOW).await.unwrap()
}

#[tokio::test]
async fn what_lives_no_longer_than_the_token_is_looked_up_after_each_refresh() {
    for (rules, looked_up) in [("}", 0), (", each_refresh = true }", 1)] {
        let op = Op::new(|_| {});
        let party = Party::new(&op, &format!("{LOOKUP}{rules}"));
        let tokens = party.exchange().await.unwrap();

        let fresh = refreshed(&party, &tokens).await;

        assert_eq!(op.asked("/userinfo"), looked_up);
        assert_eq!(fresh.extra.contains_key("session"), looked_up == 1);
    }
}

#[tokio::test]
async fn tokens_without_what_calls_need_are_kept_and_due_at_once() {
    let op = Op::new(|script| script.gone = vec!["/userinfo"]);
    let party = Party::new(&op, &format!("{LOOKUP}, each_refresh = true }}"));
    let tokens = party.exchange().await.unwrap();
    op.change(|script| {
        script.token =
            json!({"access_token": "at2", "token_type": "Bearer", "expires_in": 600, "refresh_token": "rt2"})
    });

    let without = refreshed(&party, &tokens).await;
    op.change(|script| script.gone = Vec::new());
    let whole = refreshed(&party, &without).await;

    let refresh_token = without.refresh_token.unwrap();
    assert_eq!((without.access_token.expose(), refresh_token.expose()), ("at2", "rt2"));
    assert_eq!(without.expires_at, Some(NOW));
    assert!(op.form("/token").contains(&("refresh_token".to_owned(), "rt2".to_owned())));
    assert_eq!(whole.extra["session"].expose(), "sub-1");
    assert_eq!(whole.expires_at, Some(NOW.plus_seconds(600)));
}
