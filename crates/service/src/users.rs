//! The end of a user: sessions first, so that nothing new is connected, then grants.

use std::sync::Arc;

use grantway_core::{
    AppId, GrantId, SessionId,
    grant::{Grant, GrantStatus},
    session::Progress,
};
use grantway_store::{Ending, GrantFilter, Notes};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{Service, ServiceError, error::retried};

/// How many grants are read at once.
const PAGE: i64 = 200;

/// What a deletion did. What was done before is not done again.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deleted {
    /// Whose.
    pub user_id: String,
    /// The grants that worked, or waited for their user, until now.
    #[schema(value_type = Vec<String>)]
    pub grants_revoked: Vec<GrantId>,
    /// How many grants had been revoked before, and were forgotten now.
    pub grants_forgotten: usize,
    /// How many sessions were open.
    pub sessions_ended: usize,
}

impl Service {
    /// Deletes what is known of an app's user: open sessions end, grants are revoked, personal data is
    /// forgotten. Ids, scopes, dates and the audit remain. Goes on when the caller hangs up; repeating it
    /// finishes what was cut off.
    ///
    /// # Errors
    /// When the id can't be one, or the store fails.
    pub async fn delete_user(self: &Arc<Self>, app: &AppId, user: &str) -> Result<Deleted, ServiceError> {
        // Postgres keeps no NUL in a text.
        if user.contains('\0') {
            return Err(ServiceError::field("user_id", "must not contain NUL"));
        }
        let (service, app, user) = (Arc::clone(self), app.clone(), user.to_owned());
        let work = self.tasks.spawn(async move { service.delete_user_now(&app, user).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    async fn delete_user_now(&self, app: &AppId, user_id: String) -> Result<Deleted, ServiceError> {
        let sessions = self.sessions_to_end(app, &user_id).await?;
        let grants = self.grants_to_forget(app, &user_id).await?;
        if !sessions.is_empty() || !grants.is_empty() {
            // First: what follows may be cut off.
            let detail = json!({"grants": grants.len(), "sessions": sessions.len()});
            self.store.audit(&self.audit_entry(app, "user.deleted", &user_id, detail)).await?;
        }
        let mut deleted =
            Deleted { user_id, grants_revoked: Vec::new(), grants_forgotten: 0, sessions_ended: 0 };
        for id in sessions {
            deleted.sessions_ended += usize::from(retried(|| self.end_session(&id)).await?);
        }
        // Once more: what a session was about to connect is there by now.
        for id in self.grants_to_forget(app, &deleted.user_id).await? {
            match retried(|| self.forget_grant(app, id)).await? {
                Forgot::Working => deleted.grants_revoked.push(id),
                Forgot::Revoked => deleted.grants_forgotten += 1,
                Forgot::Nothing => {}
            }
        }
        self.store.wipe().await?;
        Ok(deleted)
    }

    async fn sessions_to_end(&self, app: &AppId, user: &str) -> Result<Vec<SessionId>, ServiceError> {
        let sessions = self.store.sessions_of_user(app, user).await?.into_iter();
        Ok(sessions.filter(|session| !session.is_forgotten()).map(|session| session.id).collect())
    }

    /// Says whether it was open.
    async fn end_session(&self, id: &SessionId) -> Result<bool, ServiceError> {
        let session = self.store.session(id).await?;
        let Some(session) = session.filter(|session| !session.is_forgotten()) else { return Ok(false) };
        let was_open = !matches!(session.progress, Progress::Finished { .. });
        let ended = session.forgotten(self.clock.now());
        let mut notes = self.session_note(&ended, "session.ended", json!({"why": "the user was deleted"}));
        // Of the end of those that were over the app has heard.
        notes.event = notes.event.filter(|_| was_open);
        self.store.end_session(&ended, &notes).await?;
        Ok(was_open)
    }

    async fn grants_to_forget(&self, app: &AppId, user: &str) -> Result<Vec<GrantId>, ServiceError> {
        let user = Some(user.to_owned());
        let mut filter = GrantFilter { user, provider: None, status: None, after: None, limit: PAGE };
        let mut all = Vec::new();
        loop {
            let page = self.store.grants(app, &filter).await?;
            let Some(last) = page.last() else { return Ok(all) };
            filter.after = Some(last.id);
            let is_kept = |grant: &&Grant| {
                grant.status != GrantStatus::Revoked || (*grant).clone().forgotten() != **grant
            };
            all.extend(page.iter().filter(is_kept).map(|grant| grant.id));
        }
    }

    async fn forget_grant(&self, app: &AppId, id: GrantId) -> Result<Forgot, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        if grant.status != GrantStatus::Revoked {
            self.end_grant(&grant, &self.ended(&grant).forgotten()).await?;
            return Ok(Forgot::Working);
        }
        let forgotten = grant.clone().forgotten();
        if forgotten == grant {
            return Ok(Forgot::Nothing);
        }
        self.forget_revoked(&forgotten).await?;
        Ok(Forgot::Revoked)
    }

    async fn forget_revoked(&self, forgotten: &Grant) -> Result<(), ServiceError> {
        let audit = self.audit_entry(&forgotten.app, "grant.forgotten", forgotten.id, json!({}));
        let notes = Notes { audit, event: None };
        let ending = Ending { grant: forgotten, was: GrantStatus::Revoked, tell: None, notes: &notes };
        Ok(self.store.end_grant(&ending).await?)
    }
}

/// What there was to forget of a grant.
enum Forgot {
    Working,
    Revoked,
    Nothing,
}
