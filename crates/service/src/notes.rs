//! Audit rows and events, as the use cases write them.

use grantway_core::{
    AppId,
    grant::{Connection, Operation},
    ids::random_id,
    session::{Outcome, Progress, Session},
};
use grantway_store::{AuditEntry, Event, Notes};
use serde_json::{Value, json};

use crate::Service;

/// Every type of event that an app may hear of.
pub const EVENT_KINDS: [&str; 6] = [
    "grant.created",
    "grant.reauthorized",
    "grant.needs_reauth",
    "grant.recovered",
    "grant.revoked",
    "session.failed",
];

impl Service {
    pub(crate) fn audit_entry(
        &self,
        app: &AppId,
        action: &str,
        subject: impl ToString,
        detail: Value,
    ) -> AuditEntry {
        AuditEntry {
            id: random_id("aud_", &*self.entropy),
            app: app.clone(),
            at: self.clock.now(),
            action: action.to_owned(),
            subject: subject.to_string(),
            detail,
        }
    }

    pub(crate) fn event(&self, app: &AppId, kind: &str, body: Value) -> Event {
        Event {
            id: random_id("evt_", &*self.entropy),
            app: app.clone(),
            kind: kind.to_owned(),
            body,
            created_at: self.clock.now(),
        }
    }

    pub(crate) fn session_note(&self, session: &Session, action: &str, detail: Value) -> Notes {
        Notes {
            audit: self.audit_entry(&session.app, action, &session.id, detail),
            event: self.failed_event(session),
        }
    }

    /// The app hears of a session that ended with a failure.
    fn failed_event(&self, session: &Session) -> Option<Event> {
        let Progress::Finished { outcome: Outcome::Error(code), .. } = &session.progress else { return None };
        let body = json!({"session_id": session.id, "user": session.terms.user, "code": code});
        Some(self.event(&session.app, "session.failed", body))
    }

    pub(crate) fn connected_note(&self, session: &Session, connection: &Connection, revived: bool) -> Notes {
        let kind = match connection.operation {
            Operation::Creation => "grant.created",
            Operation::Reauth if revived => "grant.recovered",
            Operation::Reauth => "grant.reauthorized",
        };
        let detail =
            json!({"session_id": session.id, "provider": connection.provider, "user_id": connection.user.id});
        Notes {
            audit: self.audit_entry(&session.app, kind, connection.grant_id, detail),
            event: Some(self.event(&session.app, kind, json!(connection))),
        }
    }
}
