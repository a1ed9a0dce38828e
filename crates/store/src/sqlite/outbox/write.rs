//! What changes of the outbox share. Each runs in its caller's transaction.

use grantway_core::{AppId, Timestamp, app::App};
use sqlx::SqliteConnection;

use crate::{Endpoint, Event, Replay, Settled, StoreError, Verdict, conflict::changed_one, rows::json};

/// Makes these all the endpoints of these apps.
pub(in crate::sqlite) async fn declare_endpoints(
    tx: &mut SqliteConnection,
    apps: &[App],
    endpoints: &[Endpoint],
) -> Result<(), StoreError> {
    for app in apps {
        let kept: Vec<_> =
            endpoints.iter().filter(|endpoint| endpoint.app == app.id).map(|endpoint| &endpoint.id).collect();
        sqlx::query(
            "delete from webhook_endpoints where app_id = $1 and id not in (select value from json_each($2))",
        )
        .bind(app.id.as_str())
        .bind(json(&kept))
        .execute(&mut *tx)
        .await?;
    }
    for endpoint in endpoints {
        sqlx::query(
            "insert into webhook_endpoints (id, app_id, url, sealed_secrets, kinds) values ($1, $2, $3, $4, $5) \
             on conflict (id) do update set sealed_secrets = excluded.sealed_secrets, kinds = excluded.kinds",
        )
        .bind(endpoint.id.as_str())
        .bind(endpoint.app.as_str())
        .bind(endpoint.url.as_str())
        .bind(&endpoint.sealed_secrets)
        .bind(json(&endpoint.kinds))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// The event, at the next position, and its delivery to each endpoint that hears of its type. Comes last in its
/// transaction: from here on every other change waits.
pub(in crate::sqlite) async fn insert_event(
    tx: &mut SqliteConnection,
    event: &Event,
) -> Result<(), StoreError> {
    let position: i64 =
        sqlx::query_scalar("update counters set value = value + 1 where name = 'events' returning value")
            .fetch_one(&mut *tx)
            .await?;
    sqlx::query(
        "insert into outbox (id, app_id, kind, body, created_at, position) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&event.id)
    .bind(event.app.as_str())
    .bind(&event.kind)
    .bind(event.body.to_string())
    .bind(event.created_at.0)
    .bind(position)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into deliveries (event_id, endpoint_id, position, next_at) \
         select $1, id, $2, case when disabled_at is null then $3 end from webhook_endpoints where app_id = $4 \
         and (kinds = '[]' or kinds like '%\"' || $5 || '\"%')",
    )
    .bind(&event.id)
    .bind(position)
    .bind(event.created_at.0)
    .bind(event.app.as_str())
    .bind(&event.kind)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn settle(tx: &mut SqliteConnection, settled: &Settled) -> Result<(), StoreError> {
    let (next_at, delivered_at) = match settled.verdict {
        Verdict::Delivered(at) => (None, Some(at.0)),
        Verdict::Again(at) => (Some(at.0), None),
        Verdict::GivenUp => (None, None),
    };
    let query = sqlx::query(
        "update deliveries set claimed_by = null, claimed_until = null, next_at = $1, delivered_at = $2, \
         last_status = $3, last_error = $4 where event_id = $5 and endpoint_id = $6 and claimed_by = $7",
    )
    .bind(next_at)
    .bind(delivered_at)
    .bind(settled.status.map(i64::from))
    .bind(&settled.error)
    .bind(&settled.event)
    .bind(settled.endpoint.as_str())
    .bind(&settled.owner);
    changed_one(query.execute(tx).await?.rows_affected())
}

/// Lets deliveries begin anew. Says how many.
pub(super) async fn begin(
    tx: &mut SqliteConnection,
    app: &AppId,
    which: &Replay,
    now: Timestamp,
) -> Result<u64, StoreError> {
    match which {
        Replay::GivenUp => begin_given_up(tx, app, now).await,
        Replay::Since(since) => begin_anew(tx, app, Some(*since), None, now).await,
        Replay::Event(event) => begin_anew(tx, app, None, Some(event), now).await,
    }
}

async fn begin_given_up(tx: &mut SqliteConnection, app: &AppId, now: Timestamp) -> Result<u64, StoreError> {
    let query = sqlx::query(
        "update deliveries set next_at = $1, attempts = 0 where next_at is null and delivered_at is null \
         and endpoint_id in (select id from webhook_endpoints where app_id = $2)",
    );
    Ok(query.bind(now.0).bind(app.as_str()).execute(tx).await?.rows_affected())
}

/// Also for endpoints that were declared after the event. An attempt under way loses its claim.
async fn begin_anew(
    tx: &mut SqliteConnection,
    app: &AppId,
    since: Option<Timestamp>,
    event: Option<&String>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let query = sqlx::query(
        "insert into deliveries (event_id, endpoint_id, position, next_at) \
         select e.id, w.id, e.position, $1 from outbox e join webhook_endpoints w on w.app_id = e.app_id \
         where e.app_id = $2 and ($3 is null or e.created_at >= $3) and ($4 is null or e.id = $4) \
         and (w.kinds = '[]' or w.kinds like '%\"' || e.kind || '\"%') \
         on conflict (event_id, endpoint_id) do update set next_at = excluded.next_at, attempts = 0, \
         claimed_by = null, claimed_until = null, delivered_at = null",
    )
    .bind(now.0)
    .bind(app.as_str())
    .bind(since.map(|since| since.0))
    .bind(event);
    Ok(query.execute(tx).await?.rows_affected())
}
