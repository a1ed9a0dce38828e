//! How the audit is read for good.

use grantway_core::{AppId, Timestamp, app::App};

use super::fixtures::*;
use crate::{AuditEntry, AuditFilter, Store};

pub(super) async fn the_audit_is_read_in_pages_in_the_order_of_writing(store: &dyn Store) {
    let other: AppId = "other".parse().unwrap();
    store.apply(&[app(), App { id: other.clone(), ..app() }], &[], &[], &[]).await.unwrap();
    let row = |id: &str, app: &AppId, at| AuditEntry { app: app.clone(), at: Timestamp(at), ..audit(id) };
    for entry in [
        row("d", &app_id(), 10),
        row("c", &other, 30),
        // A replica's clock may be behind.
        row("b", &app_id(), 20),
        row("a", &app_id(), 40),
    ] {
        store.audit(&entry).await.unwrap();
    }
    let read = async |filter: AuditFilter| {
        let (mut ids, mut filter) = (String::new(), AuditFilter { limit: 2, ..filter });
        loop {
            let page = store.audit_page(&filter).await.unwrap();
            let Some(last) = page.last() else { return ids };
            assert!(page.len() <= 2);
            filter.after = last.number;
            ids.extend(page.into_iter().map(|row| row.entry.id));
        }
    };
    let all = AuditFilter::default;

    assert_eq!(read(all()).await, "dcba");
    assert_eq!(read(AuditFilter { app: Some(app_id()), ..all() }).await, "dba");
    assert_eq!(read(AuditFilter { since: Some(Timestamp(20)), ..all() }).await, "cba");
    assert_eq!(read(AuditFilter { until: Some(Timestamp(30)), ..all() }).await, "db");
}
