//! How a press of the button ended, in words: shown by the island, and by the server when JavaScript
//! is off.

use grantway_button::{Connection, ErrorTold, ExitTold, Operation, Stage, Told};
use leptos::prelude::*;

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The connection just made.
    Connected(Box<Connection>),
    /// Nothing was connected, because of a failure.
    Failed(ErrorTold),
    /// Nothing was connected, because the person left.
    Left(ExitTold),
    /// A connection, but of another user than the signed-in one.
    Foreign,
}

impl Outcome {
    /// A connection is shown to its own user only.
    #[must_use]
    pub fn connected(connection: Connection, signed_in: &str) -> Self {
        if connection.user.id == signed_in { Self::Connected(Box::new(connection)) } else { Self::Foreign }
    }

    /// What a result says; nothing while it is pending.
    #[must_use]
    pub fn told(told: Told, signed_in: &str) -> Option<Self> {
        match told {
            Told::Pending => None,
            Told::Success { connection, .. } => Some(Self::connected(*connection, signed_in)),
            Told::Error { error } => Some(Self::Failed(error)),
            Told::Exit => Some(Self::Left(ExitTold { stage: Stage::Finished, provider: None })),
        }
    }
}

/// The outcome in words.
#[component]
pub fn OutcomeWords(
    /// What happened.
    outcome: Outcome,
) -> impl IntoView {
    match outcome {
        Outcome::Connected(connection) => connected_words(*connection).into_any(),
        Outcome::Failed(error) => view! {
            <h3>"Nothing was connected"</h3>
            <p>{error.message}</p>
            <p>"Code: " <code>{error.code.as_str()}</code></p>
        }
        .into_any(),
        Outcome::Left(exit) => view! {
            <h3>"You left before anything was connected"</h3>
            <p>{exit_words(exit)}</p>
        }
        .into_any(),
        Outcome::Foreign => view! {
            <h3>"This connection belongs to another user"</h3>
            <p>"Sign in as that user to see it."</p>
        }
        .into_any(),
    }
}

fn connected_words(connection: Connection) -> impl IntoView {
    let account = connection.account_identifier.unwrap_or_else(|| "not told".to_owned());
    let operation = match connection.operation {
        Operation::Creation => "creation",
        Operation::Reauth => "reauth",
    };
    let missing = connection.scopes_missing.join(" ");
    view! {
        <h3>{connection.provider_name} " is connected"</h3>
        <dl>
            <dt>"Account"</dt>
            <dd>{account}</dd>
            <dt>"Operation"</dt>
            <dd>{operation}</dd>
            <dt>"Grant"</dt>
            <dd><code>{connection.grant_id.to_string()}</code></dd>
            <dt>"Scopes"</dt>
            <dd>{scope_words(&connection.scopes)}</dd>
            {(!missing.is_empty()).then(|| view! { <dt>"Missing scopes"</dt><dd>{missing}</dd> })}
        </dl>
    }
}

fn exit_words(exit: ExitTold) -> String {
    let place = match exit.stage {
        Stage::Minted => "before the window showed anything",
        Stage::Picking => "while choosing",
        Stage::AtProvider => "at the provider",
        Stage::Working => "while it was being connected",
        Stage::Troubled => "after a problem",
        Stage::Finished => "by pressing Cancel",
    };
    match exit.provider {
        Some(provider) => format!("It ended {place} ({provider})."),
        None => format!("It ended {place}."),
    }
}

/// Scopes as one text.
#[must_use]
pub fn scope_words(scopes: &[String]) -> String {
    if scopes.is_empty() { "none".to_owned() } else { scopes.join(" ") }
}
