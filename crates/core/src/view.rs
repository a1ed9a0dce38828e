//! What a browser may see of its session: the pages are drawn from this and nothing else.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Code, Origin, ProviderId, SessionId,
    message::ResultMessage,
    session::{Accounts, Link, Outcome, Theme},
};

/// One page of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// Which session.
    pub session_id: SessionId,
    /// The app's name.
    pub app: String,
    /// The app's look for it.
    pub theme: Option<Theme>,
    /// The app's language for it.
    pub locale: Option<String>,
    /// The app's home.
    pub home: Option<Url>,
    /// Whether another app shows this page ([`crate::device::is_inside_an_app`]).
    pub is_inside_an_app: bool,
    /// What is on it.
    pub shown: Shown,
}

/// What a page shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Shown {
    /// The picker.
    Pick {
        /// To choose from.
        choices: Vec<Choice>,
        /// Whether the only choice may be taken by script: once, before the first depart.
        forward: bool,
        /// Whether a Done button ends it with what was made.
        finishable: bool,
    },
    /// The exchange is under way.
    Working {
        /// The provider's name.
        provider: String,
    },
    /// Something failed; try again or leave.
    Trouble {
        /// The session's providers: the person may choose another.
        choices: Vec<Choice>,
        /// To try again.
        provider: ProviderId,
        /// Its name.
        provider_name: String,
        /// What.
        code: Code,
        /// The two accounts, when they are what is wrong: the person may keep both.
        accounts: Option<Accounts>,
        /// The scopes that were not allowed, when they are what is wrong: the person may go on without.
        missing: Vec<String>,
    },
    /// Over, in a popup: tell the opener and close.
    Tell {
        /// The one origin that may hear it.
        origin: Origin,
        /// What it hears.
        message: Box<ResultMessage>,
        /// How it ended.
        outcome: Outcome,
    },
    /// Over, in a redirect: go back.
    Return {
        /// Where to, with the one parameter.
        url: Url,
    },
    /// Over, in a redirect that has nowhere to go back to.
    Over {
        /// How it ended.
        outcome: Outcome,
        /// The app's home.
        website: Option<Url>,
    },
}

/// One provider of the picker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// To post.
    pub provider: ProviderId,
    /// To read.
    pub name: String,
    /// `#rrggbb` behind the monogram.
    pub color: Option<String>,
    /// The logo's file, without folder and ending.
    pub logo: Option<String>,
    /// What a search finds it by, in lower case.
    pub words: String,
    /// The account connected in this session, if any.
    pub connected: Option<String>,
    /// Whether that connection lacks scopes: choosing it again asks for them.
    pub lacks_scopes: bool,
}

/// What the page of a link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Who asks.
    pub app: String,
    /// The name, or else the id, of whom the session was minted for.
    pub user: String,
    /// The address, masked.
    pub email: Option<String>,
    /// Who completes it.
    pub link: Link,
}

/// The app's home, when a page can only send people back there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOut {
    /// The app's name.
    pub app: String,
    /// Its home.
    pub url: Url,
}

/// The page between pick and depart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AskView {
    /// Which session.
    pub session_id: SessionId,
    /// The app's look for it.
    pub theme: Option<Theme>,
    /// Which provider.
    pub provider: ProviderId,
    /// Its name.
    pub provider_name: String,
    /// What it must be told.
    pub questions: Vec<Question>,
}

/// What a provider must be told before the person leaves for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The field's name.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// An answer that fits.
    pub example: String,
    /// What follows it in the address, such as `.example.com`.
    pub suffix: Option<String>,
    /// What was typed, or the usual answer.
    pub value: String,
    /// What is wrong with that.
    pub error: Option<QuestionError>,
}

/// Why an answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionError {
    /// Nothing was typed.
    Missing,
    /// It is not of the form.
    DoesNotFit,
}
