//! Rows back into words: the same from every database.

use grantway_core::{Digest, Timestamp, app::Registration, grant::Grant, session::Session};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Attempt, AuditEntry, Event, HeldCode, NumberedAudit, StoreError};

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

fn id<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("id"))
}
