//! `grantway audit`: what was done, for an archive of the operator's.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use grantway_core::{AppId, Timestamp};
use grantway_service::Service;
use grantway_store::AuditFilter;

use crate::server::{
    command::{ConfigArgs, start_log},
    config::Settings,
    start::{self, StartError},
};

/// Rows that are in memory at one time.
const PAGE: i64 = 1000;

/// What is done with the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditAction {
    /// Print the audit in the order of writing, one JSON object a line.
    Export(ExportArgs),
}

/// Which rows.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Of this app only.
    #[arg(long)]
    app: Option<AppId>,
    /// Not before this moment, as in 2026-01-31T00:00:00Z.
    #[arg(long)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[arg(long)]
    until: Option<Timestamp>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Does it.
///
/// # Errors
/// When the database fails, or whoever reads stops to.
pub(crate) async fn run(action: AuditAction) -> Result<(), StartError> {
    let AuditAction::Export(args) = action;
    let settings = Settings::read(args.config.file())?;
    start_log(settings.server.log, "warn");
    let service = start::service(&settings).await?;
    let filter = AuditFilter { app: args.app, since: args.since, until: args.until, after: 0, limit: PAGE };
    export(&service, filter, &mut io::stdout().lock()).await
}

async fn export(service: &Service, mut filter: AuditFilter, out: &mut impl Write) -> Result<(), StartError> {
    loop {
        let page = service.audit_page(&filter).await.map_err(StartError::Apply)?;
        let Some(last) = page.last() else { return out.flush().map_err(StartError::Output) };
        filter.after = last.number;
        for row in &page {
            serde_json::to_writer(&mut *out, &row.entry).map_err(|error| StartError::Output(error.into()))?;
            out.write_all(b"\n").map_err(StartError::Output)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::start::service;

    #[tokio::test]
    async fn an_export_is_one_json_object_a_line_and_leaves_none_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.server.data_dir = folder.path().to_owned();
        settings.apps.insert("acme".parse().unwrap(), toml::from_str("name = 'Acme'").unwrap());
        let service = service(&settings).await.unwrap();
        for _ in 0..5 {
            start::apply(&service, &settings).await.unwrap();
        }
        let mut out = Vec::new();

        export(&service, AuditFilter { limit: 2, ..AuditFilter::default() }, &mut out).await.unwrap();

        let text = String::from_utf8(out).unwrap();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 5);
        for row in rows {
            assert_eq!((&row["action"], &row["app"]), (&"app.applied".into(), &"acme".into()), "{row}");
            assert!(row["at"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{row}");
        }
    }
}
