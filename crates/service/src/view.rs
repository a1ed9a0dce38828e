//! Pick, and every other page of a session: what this browser may see now.

use grantway_catalog::Provider;
use grantway_core::{
    Code, ProviderId, Secret, SessionId,
    device::Mode,
    message::{RETURN_PARAMETER, ResultMessage},
    session::{Outcome, Progress, Session},
    view::{Choice, Shown, View, WayOut},
};
use url::Url;

use crate::{Service, ServiceError, error::retried};

/// How long a return code is valid, in seconds.
const RETURN_SECONDS: i64 = 300;

/// Which session's app.
#[derive(Clone, Copy, Debug)]
pub enum WayOutOf<'a> {
    /// Of the token that a form brought.
    Token(&'a Secret),
    /// Of a session that this browser is known to belong to.
    Session(&'a SessionId),
}

impl Service {
    /// What this browser may see of a session.
    ///
    /// # Errors
    /// [`ServiceError::WrongBrowser`] for every id that is not this browser's.
    pub async fn view(&self, id: &SessionId, cookie: Option<&Secret>) -> Result<View, ServiceError> {
        let session = self.session_of_browser(id, cookie).await?;
        let app = self.app_of(&session).await?;
        let shown = match &session.progress {
            Progress::Finished { outcome, .. } => {
                self.ending(&session, *outcome, app.website_url.clone()).await?
            }
            _ if session.is_over(self.clock.now()) => {
                self.ending(&session, session.outcome_when_over(), app.website_url.clone()).await?
            }
            Progress::Held { sealed_completion, .. } => self.handover(&session, sealed_completion)?,
            Progress::Working { provider, .. } => Shown::Working { provider: self.provider_name(provider) },
            Progress::Choosing | Progress::AtProvider { .. } | Progress::Troubled { .. } => {
                self.open_page(&session)
            }
        };
        Ok(View {
            session_id: session.id,
            app: app.name,
            theme: session.terms.theme,
            locale: session.terms.locale,
            home: app.website_url,
            is_inside_an_app: false,
            shown,
        })
    }

    /// The person presses Cancel, Done or "Back to the app".
    ///
    /// # Errors
    /// When the session is not this browser's or an exchange is under way.
    pub async fn leave(&self, id: &SessionId, cookie: Option<&Secret>) -> Result<(), ServiceError> {
        retried(|| self.try_leave(id, cookie)).await
    }

    async fn try_leave(&self, id: &SessionId, cookie: Option<&Secret>) -> Result<(), ServiceError> {
        let session = self.session_of_browser(id, cookie).await?;
        if matches!(session.progress, Progress::Finished { .. }) {
            return Ok(());
        }
        let session = session.leave(self.clock.now())?;
        let notes = self.session_note(&session, "session.left", serde_json::json!({}));
        self.store.save_session(&session, &notes).await?;
        Ok(())
    }

    /// The home of the app behind a session, for pages that can show nothing else of it.
    pub async fn way_out(&self, of: WayOutOf<'_>) -> Option<WayOut> {
        let session = match of {
            WayOutOf::Token(token) => self.store.session_of_token(&token.digest()).await.ok()??,
            WayOutOf::Session(id) => self.store.session(id).await.ok()??,
        };
        let app = self.app_of(&session).await.ok()?;
        Some(WayOut { url: app.website_url?, app: app.name })
    }

    fn open_page(&self, session: &Session) -> Shown {
        match &session.progress {
            Progress::Troubled { provider, code, mismatch } => Shown::Trouble {
                choices: self.choices(session),
                provider: provider.clone(),
                provider_name: self.provider_name(provider),
                code: *code,
                accounts: mismatch.as_ref().map(|mismatch| mismatch.accounts.clone()),
                missing: missing(session, *code),
            },
            _ => Shown::Pick {
                choices: self.choices(session),
                forward: session.terms.providers.len() == 1 && !session.departed,
                finishable: !session.connections.is_empty(),
            },
        }
    }

    fn choices(&self, session: &Session) -> Vec<Choice> {
        session.terms.providers.iter().map(|provider| self.choice(session, provider)).collect()
    }

    fn choice(&self, session: &Session, provider: &ProviderId) -> Choice {
        let known = self.catalog.get(provider);
        let connected = session.connections.iter().rfind(|connection| connection.provider == *provider);
        Choice {
            provider: provider.clone(),
            name: self.provider_name(provider),
            color: known.map(|known| known.color(provider)),
            logo: known.and_then(|known| known.logo.clone()),
            words: known.map(words).unwrap_or_default(),
            // Where nobody tells whose it is, choosing again makes another.
            lacks_scopes: connected
                .is_some_and(|made| !made.scopes_missing.is_empty() && made.account.id.is_some()),
            connected: connected
                .map(|made| made.account_identifier.clone().unwrap_or_else(|| made.provider_name.clone())),
        }
    }

    async fn ending(
        &self,
        session: &Session,
        outcome: Outcome,
        website: Option<Url>,
    ) -> Result<Shown, ServiceError> {
        if session.mode() == Mode::Popup {
            return Ok(Shown::Tell {
                origin: session.terms.allowed_origin.clone(),
                message: Box::new(ResultMessage::of(session.result(self.clock.now()))),
                outcome,
            });
        }
        let Some(url) = session.return_url() else {
            return Ok(Shown::Over { outcome, website });
        };
        let code = Secret::random("gwr_", &*self.entropy);
        let expires_at = self.clock.now().plus_seconds(RETURN_SECONDS);
        self.store.add_return_code(&session.id, &code.digest(), expires_at).await?;
        Ok(Shown::Return { url: with_code(url, &code) })
    }

    /// The browser carries the completion code to the app, whose backend knows its own user.
    fn handover(&self, session: &Session, sealed: &[u8]) -> Result<Shown, ServiceError> {
        let code = self.vault.open(sealed, &completion_place(&session.id))?;
        let url =
            session.return_url().ok_or(ServiceError::Inconsistent("a held code without a return URL"))?;
        Ok(Shown::Return { url: with_code(url, &code) })
    }
}

fn missing(session: &Session, code: Code) -> Vec<String> {
    let lacking = session.lacking().filter(|_| code == Code::ScopesMissing);
    lacking.map(|made| made.scopes_missing.clone()).unwrap_or_default()
}

/// Its names and kinds: `crm` finds every CRM.
fn words(provider: &Provider) -> String {
    let all = std::iter::once(&provider.name).chain(&provider.aliases).chain(&provider.categories);
    all.map(|word| word.to_lowercase()).collect::<Vec<_>>().join(" ")
}

/// What a completion code is sealed for.
pub(crate) fn completion_place(id: &SessionId) -> String {
    format!("completion/{id}")
}

fn with_code(url: &Url, code: &Secret) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair(RETURN_PARAMETER, code.expose());
    url
}
