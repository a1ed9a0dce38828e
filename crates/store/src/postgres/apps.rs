//! Apps and registrations.

use async_trait::async_trait;
use grantway_core::{
    AppId, RegistrationId,
    app::{App, Registration},
};

use super::{PostgresStore, journal::insert_audit, outbox::write::declare_endpoints};
use crate::{
    Apps, AuditEntry, Endpoint, StoreError,
    rows::{RegistrationRow, json, parse},
};

#[async_trait]
impl Apps for PostgresStore {
    async fn apply(
        &self,
        apps: &[App],
        registrations: &[Registration],
        endpoints: &[Endpoint],
        audit: &[AuditEntry],
    ) -> Result<(), StoreError> {
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
        declare_endpoints(&mut tx, apps, endpoints).await?;
        for entry in audit {
            insert_audit(&mut tx, entry).await?;
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
        let rows: Vec<RegistrationRow> = sqlx::query_as(
            "select id, app_id, provider_id, client_id, sealed_secret, sealed_parameters, scopes, allowed_scopes from registrations \
             where app_id = $1 order by provider_id",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(RegistrationRow::read).collect()
    }

    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError> {
        let row: Option<RegistrationRow> = sqlx::query_as(
            "select id, app_id, provider_id, client_id, sealed_secret, sealed_parameters, scopes, allowed_scopes from registrations where id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(RegistrationRow::read).transpose()
    }
}
