//! Where values lie that are sealed with a master key, and what changing that key needs of them.
//!
//! The one rule: every place that keeps sealed bytes has a line here. One without would be lost with its key,
//! unnoticed.

use grantway_core::Timestamp;

/// Where sealed values lie for good: they are sealed anew when the key changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// Registrations' client secrets.
    ClientSecret,
    /// Registrations' connection parameters.
    OperatorParameters,
    /// Grants' tokens.
    Credential,
    /// Ended grants' tokens, until their provider was told.
    PendingRevocation,
    /// Webhook endpoints' signing secrets.
    WebhookSecrets,
}

/// Where a place's values are in the tables.
pub(crate) struct Column {
    /// For people.
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    /// The table's primary key, a text.
    pub(crate) row: &'static str,
    /// The column with the id of what the value was sealed for.
    pub(crate) owner: &'static str,
    pub(crate) value: &'static str,
}

impl SealedPlace {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ClientSecret,
        Self::OperatorParameters,
        Self::Credential,
        Self::PendingRevocation,
        Self::WebhookSecrets,
    ];

    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.column().name
    }

    #[rustfmt::skip]
    pub(crate) fn column(self) -> Column {
        match self {
            Self::ClientSecret => Column { name: "client secrets", table: "registrations", row: "id", owner: "id", value: "sealed_secret" },
            Self::OperatorParameters => Column { name: "parameters", table: "registrations", row: "id", owner: "id", value: "sealed_parameters" },
            Self::Credential => Column { name: "credentials", table: "credentials", row: "grant_id", owner: "grant_id", value: "sealed" },
            Self::PendingRevocation => Column { name: "revocations to tell", table: "pending_revocations", row: "id", owner: "grant_id", value: "sealed" },
            Self::WebhookSecrets => Column { name: "webhook secrets", table: "webhook_endpoints", row: "id", owner: "id", value: "sealed_secrets" },
        }
    }
}

/// Sealed values that are counted, and waited out if they are not sealed anew.
pub(crate) struct Counted {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// Where in the column's JSON they are, as bytes in numbers, commas between the steps. None: they are the column.
    path: Option<&'static str>,
    /// The column that says until when they are of use. None: for good.
    until: Option<&'static str>,
}

/// Values that nobody needs a little later.
#[rustfmt::skip]
const PASSING: [Counted; 6] = [
    Counted { name: "trips to a provider", table: "flows", column: "body", path: Some("sealed_verifier"), until: Some("expires_at") },
    Counted { name: "codes that wait", table: "held_codes", column: "body", path: Some("0,sealed_verifier"), until: Some("expires_at") },
    Counted { name: "codes that wait", table: "held_codes", column: "body", path: Some("1"), until: Some("expires_at") },
    Counted { name: "sessions", table: "sessions", column: "body", path: Some("progress,sealed_completion"), until: Some("forget_at") },
    Counted { name: "sessions", table: "sessions", column: "body", path: Some("progress,mismatch,kept"), until: Some("forget_at") },
    Counted { name: "kept answers", table: "once_requests", column: "sealed_answer", path: None, until: Some("expires_at") },
];

/// All that is counted.
pub(crate) fn counted() -> impl Iterator<Item = Counted> {
    let lasting = SealedPlace::ALL.map(|place| {
        let Column { name, table, value, .. } = place.column();
        Counted { name, table, column: value, path: None, until: None }
    });
    lasting.into_iter().chain(PASSING)
}

impl Counted {
    /// The query that groups them by their head. `in_json` says how the database reads one from JSON.
    pub(crate) fn query(&self, now: Timestamp, in_json: impl Fn(&str, &str) -> String) -> String {
        let Self { table, column, .. } = self;
        let head = match self.path {
            Some(path) => in_json(column, path),
            None => format!("substr({column}, 1, 9)"),
        };
        let alive = self.until.map(|until| format!(" where {until} > {}", now.0)).unwrap_or_default();
        format!(
            "select head, count(*) as values_of_it from (select {head} as head from {table}{alive}) as heads \
             where head is not null group by head order by head"
        )
    }
}

/// How many values at one place have the same head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCount {
    /// For people.
    pub place: &'static str,
    /// The first nine bytes, which name the key.
    pub head: Vec<u8>,
    /// So many.
    pub count: i64,
}

/// A sealed value, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SealedValue {
    /// Its row.
    pub row: String,
    /// The id of what it was sealed for.
    pub owner: String,
    /// The value.
    pub sealed: Vec<u8>,
}

/// The wish for values at a place that another key sealed.
#[derive(Clone, Copy, Debug)]
pub struct Otherwise<'a> {
    /// Where.
    pub place: SealedPlace,
    /// What those begin with that are not wanted.
    pub head: &'a [u8],
    /// Only rows after this one.
    pub after: &'a str,
    /// At most so many.
    pub limit: i64,
}

impl Otherwise<'_> {
    /// By row. The head, the row before, the limit.
    pub(crate) fn query(&self) -> String {
        let Column { table, row, owner, value, .. } = self.place.column();
        format!(
            "select {row} as row, {owner} as owner, {value} as sealed from {table} \
             where {value} is not null and substr({value}, 1, 9) <> $1 and {row} > $2 order by {row} limit $3"
        )
    }
}

/// A value, and the same sealed anew.
#[derive(Clone, Debug)]
pub struct Resealed {
    /// As it was read.
    pub was: SealedValue,
    /// What is to take its place.
    pub sealed: Vec<u8>,
}
