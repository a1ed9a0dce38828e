//! The worker: one task for each endpoint that something is due to, so that a dead receiver delays no other.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use grantway_core::{EndpointId, Secret, Timestamp, ids::random_id};
use grantway_engine::HttpError;
use grantway_store::{Claim, Claimed, Endpoint, Event, Settled, StoreError, Verdict};
use http::{Request, StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use tokio_util::task::JoinMap;

use super::{schedule::next_at, signing::SigningKey, webhook_place};
use crate::{Service, ServiceError};

/// How many deliveries to one endpoint are under way at once.
const AT_ONCE: i64 = 4;
/// How long a claim lasts: longer than the slowest answer is waited for. Whoever held it is dead then.
const CLAIM_SECONDS: i64 = 60;
/// How often the database is asked without being told: for retries, and for what other processes wrote.
const LOOK: Duration = Duration::from_secs(5);

impl Service {
    /// Delivers events until [`Self::stop_waiting`], then lets the deliveries under way finish. What is not
    /// delivered by then waits in the database.
    pub async fn keep_delivering(self: Arc<Self>) {
        let mut busy = JoinMap::new();
        while !self.stopping.is_cancelled() {
            // Before the question, so that what it comes too early for is told. Any change may bring an event.
            let mut changes = self.store.changes().subscribe();
            match self.store.due_endpoints(self.clock.now()).await {
                Ok(due) => {
                    for id in due {
                        if !busy.contains_key(&id) {
                            busy.spawn(id.clone(), Arc::clone(&self).deliver_to(id));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "events that are due could not be read"),
            }
            tokio::select! {
                () = self.draining() => {}
                _ = changes.recv() => {}
                Some(_) = busy.join_next() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while busy.join_next().await.is_some() {}
    }

    /// Delivers to one endpoint until nothing is due there.
    async fn deliver_to(self: Arc<Self>, id: EndpointId) {
        while !self.stopping.is_cancelled() {
            match self.deliver_some(&id).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(endpoint = %id, error = ?error, "events could not be delivered");
                    tokio::select! {
                        () = self.draining() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                    return;
                }
            }
        }
    }

    async fn deliver_some(&self, id: &EndpointId) -> Result<usize, ServiceError> {
        let Some(endpoint) = self.store.endpoint(id).await? else { return Ok(0) };
        let keys = self.signing_keys(&endpoint)?;
        let now = self.clock.now();
        let claim = Claim {
            endpoint: id.clone(),
            owner: random_id("clm_", &*self.entropy),
            now,
            until: now.plus_seconds(CLAIM_SECONDS),
            limit: AT_ONCE,
        };
        let claimed = self.store.claim_deliveries(&claim).await?;
        let deliveries = claimed.iter().map(|claimed| self.deliver(&endpoint, &keys, claimed, &claim.owner));
        join_all(deliveries).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(claimed.len())
    }

    async fn deliver(
        &self,
        endpoint: &Endpoint,
        keys: &[SigningKey],
        claimed: &Claimed,
        owner: &str,
    ) -> Result<(), ServiceError> {
        let request = request(endpoint, keys, &claimed.event, self.clock.now())?;
        let answer = self.http.send_for_status(request).await;
        let error = match &answer {
            Ok(status) if status.is_success() => None,
            Ok(status) => Some(format!("it answered {}", status.as_u16())),
            Err(error) => Some(silence(error).to_owned()),
        };
        let now = self.clock.now();
        let gone = matches!(answer, Ok(StatusCode::GONE));
        let verdict = match error {
            None => Verdict::Delivered(now),
            Some(_) if gone => Verdict::GivenUp,
            Some(_) => next_at(claimed.attempt, now, &*self.entropy).map_or(Verdict::GivenUp, Verdict::Again),
        };
        let settled = Settled {
            event: claimed.event.id.clone(),
            endpoint: endpoint.id.clone(),
            owner: owner.to_owned(),
            status: answer.ok().map(|status| status.as_u16()),
            error,
            verdict,
        };
        tell(&settled, claimed.attempt);
        let kept =
            if gone { self.disable(endpoint, &settled).await } else { self.settle_delivery(&settled).await };
        match kept {
            // Replayed, undeclared or forgotten meanwhile: what comes of it is not ours any more.
            Err(ServiceError::Store(StoreError::Conflict)) => Ok(()),
            kept => kept,
        }
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<(), ServiceError> {
        Ok(self.store.settle_delivery(settled).await?)
    }

    async fn disable(&self, endpoint: &Endpoint, settled: &Settled) -> Result<(), ServiceError> {
        let detail = json!({"event_id": settled.event});
        let audit = self.audit_entry(&endpoint.app, "webhook.disabled", &endpoint.id, detail);
        Ok(self.store.disable_endpoint(settled, self.clock.now(), &audit).await?)
    }

    fn signing_keys(&self, endpoint: &Endpoint) -> Result<Vec<SigningKey>, ServiceError> {
        let secrets: Secret = self.vault.open(&endpoint.sealed_secrets, &webhook_place(&endpoint.id))?;
        let keys = secrets.expose().lines().map(SigningKey::parse).collect::<Result<_, _>>();
        keys.map_err(|_| ServiceError::Inconsistent("a webhook's secrets"))
    }
}

/// One attempt. Each says the same of its event, and its own time.
fn request(
    endpoint: &Endpoint,
    keys: &[SigningKey],
    event: &Event,
    now: Timestamp,
) -> Result<Request<Vec<u8>>, ServiceError> {
    let unusable = ServiceError::Inconsistent("a webhook");
    let body = json!({"type": event.kind, "timestamp": event.created_at, "data": event.body});
    let body = body.to_string().into_bytes();
    let seconds = now.unix_seconds();
    let signatures =
        keys.iter().map(|key| key.sign(&event.id, seconds, &body)).collect::<Result<Vec<_>, _>>();
    let Ok(signatures) = signatures else { return Err(unusable) };
    Request::post(endpoint.url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &event.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signatures.join(" "))
        .body(body)
        .map_err(|_| unusable)
}

/// Never the URL, which may hold a secret of the receiver.
fn silence(error: &HttpError) -> &'static str {
    match error {
        HttpError::NotConnected => "it could not be reached",
        HttpError::NotPublic => "its address is not public; `server.allowed_networks` can allow it",
        HttpError::TimedOut => "it did not answer in time",
        HttpError::Unanswered | HttpError::TooLarge => "the connection broke",
    }
}

fn tell(settled: &Settled, attempt: i64) {
    let (event, endpoint) = (&settled.event, &settled.endpoint);
    let why = settled.error.as_deref().unwrap_or_default();
    match settled.verdict {
        Verdict::Delivered(_) => tracing::debug!(event, %endpoint, attempt, "a webhook was delivered"),
        Verdict::Again(next) => {
            tracing::warn!(event, %endpoint, attempt, why, %next, "a webhook failed and is tried again")
        }
        Verdict::GivenUp => tracing::error!(
            event, %endpoint, attempt, why,
            "a webhook was given up; `grantway webhooks replay` sends it again"
        ),
    }
}
