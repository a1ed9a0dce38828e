//! The embedded store. WAL, durable commits, one writer at a time.

mod api_keys;
mod once;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::{path::Path, str::FromStr, time::Duration};

use async_trait::async_trait;
use grantway_core::{
    AppId, Digest, GrantId, ProviderId, RegistrationId, SessionId, Timestamp,
    app::{App, Registration},
    flow::Flow,
    grant::{Grant, GrantStatus},
    session::Session,
};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    ApiKey, AuditEntry, Begun, Connect, Credential, Depart, Ended, Event, GrantFilter, HeldCode, Lease,
    Leased, Notes, OnceRequest, Store, StoreError,
};
use read::{event, grant, held_code, json, parse, registration, session};
use write::{changed_one, insert_audit, insert_notes, update_session, upsert_grant};

/// How long a writer waits for another.
const BUSY_SECONDS: u64 = 10;

/// The embedded store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, makes it if need be, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file can't be opened or belongs to a newer version.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(BUSY_SECONDS));
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        Ok(Self { pool })
    }

    /// A transaction that takes the write lock at once, so that two of them never deadlock.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("begin immediate").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    async fn canary(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_scalar("select value from meta where name = 'canary'");
        Ok(query.fetch_optional(&self.pool).await?)
    }

    async fn keep_canary(&self, sealed: &[u8]) -> Result<(), StoreError> {
        let query =
            sqlx::query("insert into meta (name, value) values ('canary', $1) on conflict do nothing");
        changed_one(query.bind(sealed).execute(&self.pool).await?.rows_affected())
    }

    async fn apply(&self, apps: &[App], registrations: &[Registration]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for app in apps {
            sqlx::query("insert into apps (id, body) values ($1, $2) on conflict (id) do update set body = excluded.body")
                .bind(app.id.as_str())
                .bind(json(app))
                .execute(&mut *tx)
                .await?;
        }
        for registration in registrations {
            sqlx::query(
                "insert into registrations (id, app_id, provider_id, client_id, sealed_secret, sealed_parameters, scopes, allowed_scopes) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8) \
                 on conflict (id) do update set client_id = excluded.client_id, sealed_secret = excluded.sealed_secret, \
                 sealed_parameters = excluded.sealed_parameters, scopes = excluded.scopes, allowed_scopes = excluded.allowed_scopes",
            )
            .bind(registration.id.as_str())
            .bind(registration.app.as_str())
            .bind(registration.provider.as_str())
            .bind(&registration.client_id)
            .bind(&registration.sealed_secret)
            .bind(&registration.sealed_parameters)
            .bind(json(&registration.scopes))
            .bind(json(&registration.allowed_scopes))
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        let body: Option<String> = sqlx::query_scalar("select body from apps where id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        body.map(|body| parse(&body, "app")).transpose()
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let bodies: Vec<String> =
            sqlx::query_scalar("select body from apps order by id").fetch_all(&self.pool).await?;
        bodies.iter().map(|body| parse(body, "app")).collect()
    }

    async fn registrations(&self, app: &AppId) -> Result<Vec<Registration>, StoreError> {
        let rows = sqlx::query(
            "select id, app_id, provider_id, client_id, sealed_secret, sealed_parameters, scopes, allowed_scopes from registrations \
             where app_id = $1 order by provider_id",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(registration).collect()
    }

    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError> {
        let row = sqlx::query(
            "select id, app_id, provider_id, client_id, sealed_secret, sealed_parameters, scopes, allowed_scopes from registrations where id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(registration).transpose()
    }

    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        api_keys::add(&mut tx, key).await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn api_key(&self, digest: &Digest) -> Result<Option<ApiKey>, StoreError> {
        api_keys::by_digest(&self.pool, digest).await
    }

    async fn api_keys(&self, app: &AppId) -> Result<Vec<ApiKey>, StoreError> {
        api_keys::of_app(&self.pool, app).await
    }

    async fn revoke_api_key(
        &self,
        app: &AppId,
        id: &str,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        api_keys::revoke(&mut tx, app, id, now).await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn begin_once(
        &self,
        request: &OnceRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Begun, StoreError> {
        let mut tx = self.write().await?;
        let begun = once::begin(&mut tx, request, now, until).await?;
        tx.commit().await?;
        Ok(begun)
    }

    async fn keep_once(
        &self,
        request: &OnceRequest,
        sealed: &[u8],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        once::keep_answer(&self.pool, request, sealed, until).await
    }

    async fn give_back_once(&self, request: &OnceRequest) -> Result<(), StoreError> {
        once::give_back(&self.pool, request).await
    }

    async fn forget_once(&self, now: Timestamp) -> Result<u64, StoreError> {
        once::forget(&self.pool, now).await
    }

    async fn mint(&self, session: &Session, token: &Digest, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "insert into sessions (id, app_id, token_digest, body, version, forget_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(session.id.as_str())
        .bind(session.app.as_str())
        .bind(token.as_bytes())
        .bind(json(session))
        .bind(session.version)
        .bind(session.readable_until().0)
        .execute(&mut *tx)
        .await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let query = sqlx::query_scalar("select body from sessions where id = $1").bind(id.as_str());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_token(&self, token: &Digest) -> Result<Option<Session>, StoreError> {
        let query =
            sqlx::query_scalar("select body from sessions where token_digest = $1").bind(token.as_bytes());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_poll(&self, poll: &Digest) -> Result<Option<Session>, StoreError> {
        let query =
            sqlx::query_scalar("select body from sessions where poll_digest = $1").bind(poll.as_bytes());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_return_code(
        &self,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let query = sqlx::query_scalar(
            "select s.body from return_codes r join sessions s on s.id = r.session_id where r.digest = $1 and r.expires_at > $2",
        )
        .bind(code.as_bytes())
        .bind(now.0);
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn save_session(&self, session: &Session, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, session).await?;
        insert_notes(&mut tx, notes).await?;
        Ok(tx.commit().await?)
    }

    async fn forget_return_code(&self, code: &Digest) -> Result<(), StoreError> {
        sqlx::query("delete from return_codes where digest = $1")
            .bind(code.as_bytes())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn add_return_code(
        &self,
        session: &SessionId,
        code: &Digest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into return_codes (digest, session_id, expires_at) values ($1, $2, $3)")
            .bind(code.as_bytes())
            .bind(session.as_str())
            .bind(expires_at.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn depart(&self, depart: &Depart<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, depart.session).await?;
        sqlx::query("insert into flows (state_digest, session_id, body, expires_at) values ($1, $2, $3, $4)")
            .bind(depart.flow.state.as_bytes())
            .bind(depart.flow.session.as_str())
            .bind(json(depart.flow))
            .bind(depart.flow.expires_at.0)
            .execute(&mut *tx)
            .await?;
        insert_audit(&mut tx, depart.audit).await?;
        Ok(tx.commit().await?)
    }

    async fn flow(&self, state: &Digest) -> Result<Option<Flow>, StoreError> {
        let body: Option<String> = sqlx::query_scalar("select body from flows where state_digest = $1")
            .bind(state.as_bytes())
            .fetch_optional(&self.pool)
            .await?;
        body.map(|body| parse(&body, "flow")).transpose()
    }

    async fn take_flow(&self, state: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let taken =
            sqlx::query("update flows set taken_at = $1 where state_digest = $2 and taken_at is null")
                .bind(now.0)
                .bind(state.as_bytes())
                .execute(&self.pool)
                .await?;
        Ok(taken.rows_affected() == 1)
    }

    async fn hold(&self, session: &Session, held: &HeldCode, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, session).await?;
        sqlx::query("insert into held_codes (completion_digest, session_id, body, expires_at) values ($1, $2, $3, $4)")
            .bind(held.completion.as_bytes())
            .bind(held.session.as_str())
            .bind(json(&(&held.flow, &held.sealed_code)))
            .bind(held.expires_at.0)
            .execute(&mut *tx)
            .await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn take_held(
        &self,
        app: &AppId,
        completion: &Digest,
        now: Timestamp,
    ) -> Result<Option<HeldCode>, StoreError> {
        let row = sqlx::query(
            "update held_codes set taken_at = $1 \
             where completion_digest = $2 and taken_at is null and expires_at > $1 \
             and session_id in (select id from sessions where app_id = $3) \
             returning session_id, body, expires_at",
        )
        .bind(now.0)
        .bind(completion.as_bytes())
        .bind(app.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(|row| held_code(row, *completion)).transpose()
    }

    async fn connect(&self, connect: &Connect<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, connect.session).await?;
        upsert_grant(&mut tx, connect.grant).await?;
        let kept = sqlx::query(
            "insert into credentials (grant_id, sealed, generation) values ($1, $2, 1) \
             on conflict (grant_id) do update set sealed = excluded.sealed, generation = generation + 1, \
             lease_owner = null, lease_until = null, attempt_at = null, attempts = 0 \
             where $3 is null or generation = $3",
        )
        .bind(connect.grant.id.to_string())
        .bind(connect.sealed)
        .bind(connect.kept_from)
        .execute(&mut *tx)
        .await?;
        changed_one(kept.rows_affected())?;
        insert_notes(&mut tx, connect.notes).await?;
        Ok(tx.commit().await?)
    }

    async fn grant(&self, app: &AppId, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let query = sqlx::query_scalar("select body from grants where app_id = $1 and id = $2");
        let body: Option<String> =
            query.bind(app.as_str()).bind(id.to_string()).fetch_optional(&self.pool).await?;
        body.map(|body| parse(&body, "grant")).transpose()
    }

    async fn grants_of_user(
        &self,
        app: &AppId,
        user: &str,
        provider: &ProviderId,
    ) -> Result<Vec<Grant>, StoreError> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "select body from grants where app_id = $1 and user_id = $2 and provider_id = $3 order by created_at, id",
        )
        .bind(app.as_str())
        .bind(user)
        .bind(provider.as_str())
        .fetch_all(&self.pool)
        .await?;
        bodies.iter().map(grant).collect()
    }

    async fn grants(&self, app: &AppId, filter: &GrantFilter) -> Result<Vec<Grant>, StoreError> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "select body from grants where app_id = $1 \
             and ($2 is null or user_id = $2) and ($3 is null or provider_id = $3) and ($4 is null or status = $4) \
             and ($5 is null or (created_at, id) > (select created_at, id from grants where app_id = $1 and id = $5)) \
             order by created_at, id limit $6",
        )
        .bind(app.as_str())
        .bind(&filter.user)
        .bind(&filter.provider)
        .bind(filter.status.map(GrantStatus::as_str))
        .bind(filter.after.map(|id| id.to_string()))
        .bind(filter.limit)
        .fetch_all(&self.pool)
        .await?;
        bodies.iter().map(grant).collect()
    }

    async fn credential(&self, grant: GrantId) -> Result<Option<Credential>, StoreError> {
        let row: Option<(Vec<u8>, i64)> =
            sqlx::query_as("select sealed, generation from credentials where grant_id = $1")
                .bind(grant.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(sealed, generation)| Credential { grant, sealed, generation }))
    }

    async fn lease(&self, lease: &Lease) -> Result<Leased, StoreError> {
        let mut tx = self.write().await?;
        let row = sqlx::query(
            "select c.lease_until, c.attempt_at, c.attempts from credentials c join grants g on g.id = c.grant_id \
             where c.grant_id = $1 and c.generation = $2 and g.status = 'active'",
        )
        .bind(lease.grant.to_string())
        .bind(lease.generation)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(Leased::Moved) };
        if read::is_held(&row, lease.now)? {
            return Ok(Leased::Held);
        }
        sqlx::query(
            "update credentials set lease_owner = $1, lease_until = $2, attempt_at = $3, attempts = attempts + 1 \
             where grant_id = $4",
        )
        .bind(&lease.owner)
        .bind(lease.now.plus_seconds(lease.seconds).0)
        .bind(lease.now.0)
        .bind(lease.grant.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Leased::Taken(read::attempt(&row)?))
    }

    async fn release(&self, grant: GrantId, owner: &str, ended: Ended) -> Result<(), StoreError> {
        let forget = match ended {
            Ended::Unspent => ", attempt_at = null, attempts = 0",
            Ended::Unknown => "",
        };
        let text = format!(
            "update credentials set lease_owner = null, lease_until = null{forget} where grant_id = $1 and lease_owner = $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(grant.to_string())
            .bind(owner)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn save_credential(&self, credential: &Credential, owner: &str) -> Result<(), StoreError> {
        let query = sqlx::query(
            "update credentials set sealed = $1, generation = generation + 1, lease_owner = null, lease_until = null, \
             attempt_at = null, attempts = 0 where grant_id = $2 and generation = $3 and lease_owner = $4 \
             and exists (select 1 from grants where id = $2 and status = 'active')",
        );
        let query =
            query.bind(&credential.sealed).bind(credential.grant.to_string()).bind(credential.generation);
        changed_one(query.bind(owner).execute(&self.pool).await?.rows_affected())
    }

    async fn bury(&self, grant: &Grant, generation: i64, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let buried = sqlx::query(
            "update grants set status = $1, body = $2 where id = $3 and status = 'active' \
             and exists (select 1 from credentials where grant_id = $3 and generation = $4)",
        )
        .bind(grant.status.as_str())
        .bind(json(grant))
        .bind(grant.id.to_string())
        .bind(generation)
        .execute(&mut *tx)
        .await?;
        changed_one(buried.rows_affected())?;
        insert_notes(&mut tx, notes).await?;
        Ok(tx.commit().await?)
    }

    async fn revoke(&self, grant: &Grant, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        upsert_grant(&mut tx, grant).await?;
        sqlx::query("delete from credentials where grant_id = $1")
            .bind(grant.id.to_string())
            .execute(&mut *tx)
            .await?;
        insert_notes(&mut tx, notes).await?;
        Ok(tx.commit().await?)
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_audit(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    async fn audit_of(&self, app: &AppId) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(
            "select id, app_id, at, action, subject, detail from audit where app_id = $1 order by at, rowid",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read::audit_entry).collect()
    }

    async fn pending_events(&self) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "select id, app_id, kind, body, created_at from outbox where delivered_at is null order by created_at, rowid",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(event).collect()
    }

    async fn forget_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query("delete from sessions where forget_at <= $1").bind(now.0);
        Ok(query.execute(&self.pool).await?.rows_affected())
    }
}
