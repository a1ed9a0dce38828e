//! What the button tells the app: outcomes by callback, everything on the way as events.

use grantway_core::{
    SessionId,
    grant::Connection,
    message::{ErrorTold, Told},
    session::Stage,
};
use leptos::prelude::{Callable, Callback};

/// Something on the way, for logs and analytics.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub name: EventName,
    /// When, in milliseconds since 1970 by the browser's clock.
    pub time: f64,
    /// Which session, once the server has told.
    pub session_id: Option<SessionId>,
    /// The provider, once one was chosen.
    pub provider: Option<String>,
    /// How far the session had come.
    pub stage: Option<Stage>,
    /// Why, on [`EventName::Error`].
    pub error: Option<ErrorTold>,
    /// Told after the click had already been settled by an exit.
    pub late: bool,
}

/// The names of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventName {
    /// The button was pressed.
    Open,
    /// A provider was chosen.
    ProviderSelected,
    /// The person left for the provider.
    OauthStarted,
    /// Something was connected.
    OauthComplete,
    /// Something failed; `popup_blocked` is followed by a redirect.
    Error,
    /// The person left.
    Exit,
}

impl EventName {
    /// As the JavaScript widget names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::ProviderSelected => "PROVIDER_SELECTED",
            Self::OauthStarted => "OAUTH_STARTED",
            Self::OauthComplete => "OAUTH_COMPLETE",
            Self::Error => "ERROR",
            Self::Exit => "EXIT",
        }
    }
}

/// How far the person had come when they left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitTold {
    /// The session's stage; [`Stage::Minted`] when the window closed before anything was shown.
    pub stage: Stage,
    /// The provider last chosen.
    pub provider: Option<String>,
}

/// What is known of the session that is told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) session_id: Option<SessionId>,
    pub(crate) stage: Option<Stage>,
    pub(crate) provider: Option<String>,
}

/// The app's callbacks. One that was disposed with its component is skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers {
    pub(crate) on_success: Option<Callback<(Connection, Vec<Connection>)>>,
    pub(crate) on_late_success: Option<Callback<(Connection, Vec<Connection>)>>,
    pub(crate) on_error: Option<Callback<ErrorTold>>,
    pub(crate) on_exit: Option<Callback<ExitTold>>,
    pub(crate) on_event: Option<Callback<Event>>,
}

impl Handlers {
    /// Tells of something on the way.
    pub(crate) fn tell(&self, name: EventName, about: &Subject) {
        self.event(name, about, None, false);
    }

    /// Tells of a failure that is not the end.
    pub(crate) fn warn(&self, error: ErrorTold, about: &Subject) {
        self.event(EventName::Error, about, Some(error), false);
    }

    /// Tells of a success after the exit.
    pub(crate) fn tell_late(&self, connection: Connection, connections: Vec<Connection>, about: &Subject) {
        self.event(EventName::OauthComplete, about, None, true);
        run(self.on_late_success, (connection, connections));
    }

    /// Tells the end, and whether there was somebody to hear it.
    pub(crate) fn settle(&self, told: Told, about: &Subject) -> bool {
        match told {
            Told::Pending => false,
            Told::Success { connection, connections, .. } => {
                self.tell(EventName::OauthComplete, about);
                run(self.on_success, (*connection, connections))
            }
            Told::Error { error } => {
                self.warn(error.clone(), about);
                run(self.on_error, error)
            }
            Told::Exit => {
                self.tell(EventName::Exit, about);
                let stage = about.stage.unwrap_or(Stage::Minted);
                run(self.on_exit, ExitTold { stage, provider: about.provider.clone() })
            }
        }
    }

    fn event(&self, name: EventName, about: &Subject, error: Option<ErrorTold>, late: bool) {
        if self.on_event.is_none() {
            return;
        }
        let Subject { session_id, stage, provider } = about.clone();
        run(
            self.on_event,
            Event { name, time: crate::pause::now(), session_id, provider, stage, error, late },
        );
    }
}

/// Whether it ran.
fn run<In: 'static>(callback: Option<Callback<In>>, input: In) -> bool {
    callback.is_some_and(|callback| callback.try_run(input).is_some())
}
