//! Open: a browser arrives with a session token, and the session becomes its.

use grantway_core::{
    Origin, Secret, SessionId,
    device::Mode,
    grant::User,
    message::TokenReason,
    origin::parse_return_url,
    session::{Link, Opening, Session, SessionError},
    view::LinkView,
};
use serde_json::json;
use url::Url;

use crate::{Service, ServiceError, error::retried};

/// The form post that opens a session.
#[derive(Debug)]
pub struct OpenRequest {
    /// The bearer of the session.
    pub token: Secret,
    /// The browser's `Origin` header.
    pub origin: Option<String>,
    /// How the page opened us.
    pub mode: Mode,
    /// What will read the result.
    pub poll: Option<Secret>,
    /// Where the page wants the browser back.
    pub return_to: Option<String>,
}

/// An opened session.
#[derive(Debug)]
pub struct Opened {
    /// Where to go on: `/connect/{session_id}`.
    pub session_id: SessionId,
    /// The new cookie's value; none when the session left for a provider before: then the old one decides.
    pub cookie: Option<Secret>,
    /// How long the cookie lives, in seconds: its page outlives the session by the result's reading time.
    pub cookie_seconds: i64,
}

impl Service {
    /// Opens a session from the app's own page: the browser's `Origin` proves it.
    ///
    /// # Errors
    /// When the token opens nothing, or another page sent it.
    pub async fn open(&self, request: OpenRequest) -> Result<Opened, ServiceError> {
        retried(|| self.try_open(&request)).await
    }

    async fn try_open(&self, request: &OpenRequest) -> Result<Opened, ServiceError> {
        let session = self.session_of_token(&request.token).await?;
        check_origin(&session, request.origin.as_deref())?;
        let return_to = request.return_to.as_deref().and_then(|page| return_to(page, &session));
        self.bind(
            session,
            Evidence {
                mode: request.mode,
                bound: true,
                poll: request.poll.clone().filter(is_long_enough),
                return_to,
            },
        )
        .await
    }

    /// Opens a session by its link, after the person pressed the button on the link's page.
    ///
    /// # Errors
    /// When the token opens nothing, or the session was not minted for a link.
    pub async fn open_link(&self, token: &Secret) -> Result<Opened, ServiceError> {
        let session = self.session_of_link(token).await?;
        self.bind(session, Evidence { mode: Mode::Redirect, bound: false, poll: None, return_to: None }).await
    }

    /// What a link's page shows. Changes nothing.
    ///
    /// # Errors
    /// As [`Self::open_link`].
    pub async fn link_view(&self, token: &Secret) -> Result<LinkView, ServiceError> {
        let session = self.session_of_link(token).await?;
        let app = self.app_of(&session).await?;
        let User { id, email, name } = session.terms.user;
        Ok(LinkView {
            app: app.name,
            user: name.unwrap_or(id),
            email: email.as_deref().map(masked),
            link: session.terms.link,
        })
    }

    async fn session_of_link(&self, token: &Secret) -> Result<Session, ServiceError> {
        let session = self.session_of_token(token).await?;
        match session.terms.link {
            Link::Code | Link::Confirm => Ok(session),
            Link::Off => {
                Err(ServiceError::Origin { allowed: session.terms.allowed_origin, got: "a link".to_owned() })
            }
        }
    }

    async fn session_of_token(&self, token: &Secret) -> Result<Session, ServiceError> {
        let session = self.store.session_of_token(&token.digest()).await?;
        let session = session.ok_or(ServiceError::Token(TokenReason::Unknown))?;
        match session.check_open(self.clock.now()) {
            Ok(()) => Ok(session),
            Err(SessionError::Expired) => Err(ServiceError::Token(TokenReason::Expired)),
            Err(_) => Err(ServiceError::Token(TokenReason::Used)),
        }
    }

    async fn bind(&self, session: Session, evidence: Evidence) -> Result<Opened, ServiceError> {
        let cookie_seconds = session.readable_until().seconds_since(self.clock.now());
        if session.departed {
            return Ok(Opened { session_id: session.id, cookie: None, cookie_seconds });
        }
        // A completion code travels by `return_url`, whatever window it is in.
        let mode = if session.terms.link == Link::Code { Mode::Redirect } else { evidence.mode };
        let cookie = Secret::random("", &*self.entropy);
        let opening = Opening {
            browser: cookie.digest(),
            mode,
            bound: evidence.bound,
            poll: evidence.poll.as_ref().map(Secret::digest),
            return_to: evidence.return_to,
        };
        let detail = json!({"bound": evidence.bound, "mode": mode});
        let session = session.open(opening, self.clock.now())?;
        self.store.save_session(&session, &self.session_note(&session, "session.opened", detail)).await?;
        Ok(Opened { session_id: session.id, cookie: Some(cookie), cookie_seconds })
    }
}

struct Evidence {
    mode: Mode,
    bound: bool,
    poll: Option<Secret>,
    return_to: Option<Url>,
}

/// The page that asks, if it is one to come back to. Its fragment stays behind.
fn return_to(page: &str, session: &Session) -> Option<Url> {
    let (page, _) = page.split_once('#').unwrap_or((page, ""));
    let url = parse_return_url(page).ok()?;
    Origin::of(&url).is_ok_and(|origin| origin == session.terms.allowed_origin).then_some(url)
}

fn check_origin(session: &Session, origin: Option<&str>) -> Result<(), ServiceError> {
    let allowed = &session.terms.allowed_origin;
    match origin {
        Some(origin) if origin == allowed.as_str() => Ok(()),
        other => {
            Err(ServiceError::Origin { allowed: allowed.clone(), got: other.unwrap_or("none").to_owned() })
        }
    }
}

/// `alice@acme.com` becomes `a••••@acme.com`.
fn masked(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => format!("{}••••@{domain}", local.chars().next().unwrap_or('•')),
        None => "••••".to_owned(),
    }
}

/// 128 random bits are at least 22 characters (in base64url); a shorter poll secret could be guessed.
fn is_long_enough(poll: &Secret) -> bool {
    (22..=128).contains(&poll.expose().len())
}
