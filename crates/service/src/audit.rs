//! The audit, read by its operator.

use grantway_store::{AuditFilter, NumberedAudit};

use crate::{Service, ServiceError};

impl Service {
    /// Audit rows of one or all apps, in the order of writing: a page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<NumberedAudit>, ServiceError> {
        Ok(self.store.audit_page(filter).await?)
    }
}
