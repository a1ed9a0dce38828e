//! How a database says that another writer was first.

use crate::StoreError;

/// One row, as a conditional write must have changed.
pub(crate) fn changed_one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A value that only one row may have is there already.
pub(crate) fn conflict_if_unique(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Conflict,
        _ => error.into(),
    }
}
