//! Rows back into words: the same from every database.

use grantway_core::{Digest, GrantId, Timestamp, app::Registration, grant::Grant, session::Session};
use serde_json::Value;
use sqlx::FromRow;

use crate::{
    ApiKey, Attempt, AuditEntry, Begun, Claimed, Credential, Delivery, DueRefresh, Endpoint, Event, HeldCode,
    NumberedAudit, PendingRevocation, PlacedEvent, StoreError,
};

/// Our own types always serialize; an empty text would be refused on reading.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(what))
}

pub(crate) fn session(body: Option<String>) -> Result<Option<Session>, StoreError> {
    body.map(|body| parse(&body, "session")).transpose()
}

pub(crate) fn grants(bodies: &[String]) -> Result<Vec<Grant>, StoreError> {
    bodies.iter().map(|body| parse(body, "grant")).collect()
}

/// As its table has it.
#[derive(FromRow)]
pub(crate) struct RegistrationRow {
    id: String,
    app_id: String,
    provider_id: String,
    client_id: String,
    sealed_secret: Option<Vec<u8>>,
    sealed_parameters: Option<Vec<u8>>,
    scopes: String,
    allowed_scopes: String,
}

impl RegistrationRow {
    pub(crate) fn read(self) -> Result<Registration, StoreError> {
        Ok(Registration {
            id: id(&self.id)?,
            app: id(&self.app_id)?,
            provider: id(&self.provider_id)?,
            client_id: self.client_id,
            sealed_secret: self.sealed_secret,
            sealed_parameters: self.sealed_parameters,
            scopes: parse(&self.scopes, "scope list")?,
            allowed_scopes: parse(&self.allowed_scopes, "scope list")?,
        })
    }
}

/// As its table has it.
#[derive(FromRow)]
pub(crate) struct ApiKeyRow {
    id: String,
    app_id: String,
    name: String,
    digest: Vec<u8>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl ApiKeyRow {
    pub(crate) fn read(self) -> Result<ApiKey, StoreError> {
        Ok(ApiKey {
            id: self.id,
            app: id(&self.app_id)?,
            name: self.name,
            digest: digest(&self.digest)?,
            scopes: parse(&self.scopes, "scope list")?,
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        })
    }
}

/// As whoever was not the first finds it.
#[derive(FromRow)]
pub(crate) struct OnceRow {
    request_digest: Vec<u8>,
    sealed_answer: Option<Vec<u8>>,
}

impl OnceRow {
    pub(crate) fn read(self, asked: &Digest) -> Result<Begun, StoreError> {
        if digest(&self.request_digest)? != *asked {
            return Ok(Begun::Other);
        }
        Ok(self.sealed_answer.map_or(Begun::AtWork, Begun::Answered))
    }
}

/// As taking it returns it.
#[derive(FromRow)]
pub(crate) struct HeldRow {
    session_id: String,
    body: String,
    expires_at: i64,
}

impl HeldRow {
    pub(crate) fn read(self, completion: Digest) -> Result<HeldCode, StoreError> {
        let (flow, sealed_code) = parse(&self.body, "held code")?;
        let expires_at = Timestamp(self.expires_at);
        Ok(HeldCode { completion, session: id(&self.session_id)?, flow, sealed_code, expires_at })
    }
}

/// As its table has it.
#[derive(FromRow)]
pub(crate) struct RevocationRow {
    id: String,
    app_id: String,
    grant_id: String,
    registration_id: String,
    parameters: String,
    sealed: Vec<u8>,
    created_at: i64,
    next_at: i64,
    attempts: i64,
}

impl RevocationRow {
    pub(crate) fn read(self) -> Result<PendingRevocation, StoreError> {
        Ok(PendingRevocation {
            app: id(&self.app_id)?,
            grant: id(&self.grant_id)?,
            registration: id(&self.registration_id)?,
            parameters: parse(&self.parameters, "revocation")?,
            id: self.id,
            sealed: self.sealed,
            created_at: Timestamp(self.created_at),
            next_at: Timestamp(self.next_at),
            attempts: self.attempts,
        })
    }
}

/// As its table has it, without what leases go by.
#[derive(FromRow)]
pub(crate) struct CredentialRow {
    sealed: Vec<u8>,
    generation: i64,
    refresh_at: Option<i64>,
}

impl CredentialRow {
    pub(crate) fn read(self, grant: GrantId) -> Credential {
        let Self { sealed, generation, refresh_at } = self;
        Credential { grant, sealed, generation, refresh_at: refresh_at.map(Timestamp) }
    }
}

/// A due refresh: its grant's body, and since when.
pub(crate) fn due_refreshes(rows: Vec<(String, i64)>) -> Result<Vec<DueRefresh>, StoreError> {
    let read =
        |(body, at): (String, i64)| Ok(DueRefresh { grant: parse(&body, "grant")?, at: Timestamp(at) });
    rows.into_iter().map(read).collect()
}

/// A credential's lease, told at one moment.
#[derive(FromRow)]
pub(crate) struct LeaseRow {
    pub(crate) is_held: bool,
    attempt_age: Option<i64>,
    attempts: i64,
}

impl LeaseRow {
    pub(crate) fn attempt(&self) -> Option<Attempt> {
        self.attempt_age.map(|age| Attempt { age, count: self.attempts })
    }
}

/// As its table has it.
#[derive(FromRow)]
pub(crate) struct AuditRow {
    id: String,
    app_id: String,
    at: i64,
    action: String,
    subject: String,
    detail: String,
}

impl AuditRow {
    pub(crate) fn read(self) -> Result<AuditEntry, StoreError> {
        Ok(AuditEntry {
            id: self.id,
            app: id(&self.app_id)?,
            at: Timestamp(self.at),
            action: self.action,
            subject: self.subject,
            detail: parse::<Value>(&self.detail, "audit row")?,
        })
    }
}

/// With its place in the order of writing.
#[derive(FromRow)]
pub(crate) struct NumberedAuditRow {
    number: i64,
    #[sqlx(flatten)]
    row: AuditRow,
}

impl NumberedAuditRow {
    pub(crate) fn read(self) -> Result<NumberedAudit, StoreError> {
        Ok(NumberedAudit { number: self.number, entry: self.row.read()? })
    }
}

/// As the outbox has it.
#[derive(FromRow)]
pub(crate) struct EventRow {
    id: String,
    app_id: String,
    kind: String,
    body: String,
    created_at: i64,
}

impl EventRow {
    pub(crate) fn read(self) -> Result<Event, StoreError> {
        Ok(Event {
            id: self.id,
            app: id(&self.app_id)?,
            kind: self.kind,
            body: parse::<Value>(&self.body, "event")?,
            created_at: Timestamp(self.created_at),
        })
    }
}

fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::try_from(bytes).map_err(|_| StoreError::Unreadable("digest"))
}

/// An event with its place.
#[derive(FromRow)]
pub(crate) struct PlacedRow {
    position: i64,
    #[sqlx(flatten)]
    event: EventRow,
}

impl PlacedRow {
    pub(crate) fn read(self) -> Result<PlacedEvent, StoreError> {
        Ok(PlacedEvent { position: self.position, event: self.event.read()? })
    }
}

/// An event that was claimed.
#[derive(FromRow)]
pub(crate) struct ClaimedRow {
    attempts: i64,
    #[sqlx(flatten)]
    event: EventRow,
}

impl ClaimedRow {
    pub(crate) fn read(self) -> Result<Claimed, StoreError> {
        Ok(Claimed { event: self.event.read()?, attempt: self.attempts })
    }
}

/// As its table has it.
#[derive(FromRow)]
pub(crate) struct EndpointRow {
    id: String,
    app_id: String,
    url: String,
    sealed_secrets: Vec<u8>,
    kinds: String,
    disabled_at: Option<i64>,
}

impl EndpointRow {
    pub(crate) fn read(self) -> Result<Endpoint, StoreError> {
        Ok(Endpoint {
            id: id(&self.id)?,
            app: id(&self.app_id)?,
            url: self.url.parse().map_err(|_| StoreError::Unreadable("URL"))?,
            sealed_secrets: self.sealed_secrets,
            kinds: parse(&self.kinds, "list of event types")?,
            disabled_at: self.disabled_at.map(Timestamp),
        })
    }
}

/// A delivery with its event's type.
#[derive(FromRow)]
pub(crate) struct DeliveryRow {
    event_id: String,
    kind: String,
    endpoint_id: String,
    attempts: i64,
    next_at: Option<i64>,
    last_status: Option<i64>,
    last_error: Option<String>,
}

impl DeliveryRow {
    pub(crate) fn read(self) -> Result<Delivery, StoreError> {
        Ok(Delivery {
            event: self.event_id,
            kind: self.kind,
            endpoint: id(&self.endpoint_id)?,
            attempts: self.attempts,
            next_at: self.next_at.map(Timestamp),
            last_status: self.last_status.and_then(|status| u16::try_from(status).ok()),
            last_error: self.last_error,
        })
    }
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("id"))
}
