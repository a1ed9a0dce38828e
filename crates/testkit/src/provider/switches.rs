//! What can be switched to go wrong.

/// How the token endpoint behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenBehaviour {
    /// By the book.
    #[default]
    Normal,
    /// Waits 4 s, then goes by the book.
    Slow,
    /// Does nothing and answers 500.
    ServerError,
    /// Does nothing and answers 200 with a web page.
    Html,
    /// Goes by the book, then breaks the connection: what was issued or rotated never arrives.
    HangUp,
    /// Does nothing for 60 s, then answers 504.
    Silent,
    /// Refuses every code and refresh token.
    InvalidGrant,
}

impl TokenBehaviour {
    /// All of them, in the page's order.
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::Slow,
        Self::ServerError,
        Self::Html,
        Self::HangUp,
        Self::Silent,
        Self::InvalidGrant,
    ];

    /// As forms send it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Slow => "slow",
            Self::ServerError => "server_error",
            Self::Html => "html",
            Self::HangUp => "hang_up",
            Self::Silent => "silent",
            Self::InvalidGrant => "invalid_grant",
        }
    }

    /// As the page says it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Normal => "Answers normally",
            Self::Slow => "Answers after 4 seconds",
            Self::ServerError => "Answers 500",
            Self::Html => "Answers a web page with 200",
            Self::HangUp => "Hangs up before answering",
            Self::Silent => "Never answers",
            Self::InvalidGrant => "Answers invalid_grant",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|behaviour| behaviour.as_str() == text)
    }
}

/// How the whole provider behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Sent as `Cross-Origin-Opener-Policy` with every page.
    pub coop: Option<String>,
    /// Unless the person chose another behaviour for this code.
    pub token: TokenBehaviour,
    /// Whether a refresh replaces the refresh token; if not, its answer has none.
    pub rotate: bool,
    /// Whether an account gets a refresh token only the first time that it connects.
    pub refresh_once: bool,
    /// Whether only the first of the ticked scopes is granted.
    pub partial_scopes: bool,
    /// Whether `/authorize` shows an error page and leaves the person there.
    pub error_page: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            coop: None,
            token: TokenBehaviour::Normal,
            rotate: true,
            refresh_once: false,
            partial_scopes: false,
            error_page: false,
        }
    }
}
