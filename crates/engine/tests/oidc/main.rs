//! An OpenID provider that errs, one rule at a time: what a relying party must refuse, after the list of
//! behaviours that the OpenID Foundation's client suites try. In our own words; no certification.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod clients;
mod id_tokens;
mod lookups;
mod metadata;
mod op;
mod pushed;
mod revoking;
mod signatures;
mod user_tokens;
