//! Mint: the backend makes a session for one of its users.

use std::collections::BTreeMap;

use grantway_core::{
    AppId, GrantId, Origin, ProviderId, Secret, SessionId, Timestamp,
    app::{App, Registration},
    grant::{Connection, User},
    message::Told,
    origin::parse_return_url,
    session::{Link, Progress, Session, Stage, Terms, Theme},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::{Service, ServiceError};

const DEFAULT_SECONDS: i64 = 600;
const SHORTEST_SECONDS: i64 = 60;
const LONGEST_SECONDS: i64 = 3600;
const MOST_METADATA: usize = 20;
const LONGEST_TEXT: usize = 500;

/// The body of `POST /v1/connect/sessions`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MintRequest {
    /// Providers to choose from; omitted: all that are registered.
    pub allowed_providers: Option<Vec<String>>,
    /// The page that may open the session.
    pub allowed_origin: Option<String>,
    /// Where a redirect returns.
    pub return_url: Option<String>,
    /// For whom. Required.
    pub user: Option<User>,
    /// The user's own JWT, instead of `user`.
    pub user_token: Option<Secret>,
    /// Scopes by provider.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// The grant to authorise again.
    pub grant_id: Option<GrantId>,
    /// Ask the provider for its account chooser.
    pub switch_account: bool,
    /// Several providers in one session.
    pub multiple: bool,
    /// Whether a link opens it.
    pub link: Link,
    /// Seconds until it expires, 60 to 3600; 600 when omitted.
    pub expires_in: Option<i64>,
    /// Language of the pages.
    pub locale: Option<String>,
    /// Look of the pages.
    pub theme: Option<Theme>,
    /// Up to 20 pairs, copied to the grant.
    pub metadata: BTreeMap<String, String>,
}

/// The answer. The one time that the token is told.
#[derive(Debug)]
pub struct Minted {
    /// No secret.
    pub session_id: SessionId,
    /// For the browser's form.
    pub session_token: Secret,
    /// For a link, if asked for.
    pub connect_url: Option<Url>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The same, in seconds from now.
    pub expires_in: i64,
}

/// The answer of `GET /v1/connect/sessions/{id}`.
#[derive(Debug, Serialize)]
pub struct SessionStatus {
    /// Which.
    pub session_id: SessionId,
    /// How far it has come.
    pub stage: Stage,
    /// For whom.
    pub user: User,
    /// Providers to choose from.
    pub allowed_providers: Vec<ProviderId>,
    /// The page that may open it.
    pub allowed_origin: Origin,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What was made.
    pub connections: Vec<Connection>,
    /// How it ended, as the frontend reads it.
    pub result: Told,
}

impl Service {
    /// Mints a session.
    ///
    /// # Errors
    /// [`ServiceError::Field`] names the field and its rule.
    pub async fn mint(&self, app: &AppId, request: MintRequest) -> Result<Minted, ServiceError> {
        let app = self.store.app(app).await?.ok_or(ServiceError::Unauthorized)?;
        let expires_in = expires_in(request.expires_in)?;
        let terms = self.terms(&app, request).await?;
        let now = self.clock.now();
        let token = Secret::random("gws_", &*self.entropy);
        let link = terms.link;
        let session = Session {
            id: SessionId::random(&*self.entropy),
            app: app.id.clone(),
            terms,
            opening: None,
            departed: false,
            progress: Progress::Choosing,
            connections: Vec::new(),
            created_at: now,
            expires_at: now.plus_seconds(expires_in),
            version: 1,
        };
        let detail = json!({"user_id": session.terms.user.id, "link": link});
        let audit = self.audit_entry(&app.id, "session.minted", &session.id, detail);
        self.store.mint(&session, &token.digest(), &audit).await?;
        Ok(Minted {
            connect_url: (link != Link::Off).then(|| self.connect_url(&token)),
            expires_at: session.expires_at,
            session_id: session.id,
            session_token: token,
            expires_in,
        })
    }

    /// What a backend may know of a session.
    ///
    /// # Errors
    /// When the app has no such session.
    pub async fn session_status(&self, app: &AppId, id: &SessionId) -> Result<SessionStatus, ServiceError> {
        let session = self
            .store
            .session(id)
            .await?
            .filter(|session| session.app == *app)
            .ok_or(ServiceError::NoSession)?;
        let result = session.result(self.clock.now()).outcome;
        Ok(SessionStatus {
            stage: session.stage(),
            session_id: session.id,
            user: session.terms.user,
            allowed_providers: session.terms.providers,
            allowed_origin: session.terms.allowed_origin,
            created_at: session.created_at,
            expires_at: session.expires_at,
            connections: session.connections,
            result,
        })
    }

    fn connect_url(&self, token: &Secret) -> Url {
        let mut url = self.at("/connect");
        url.query_pairs_mut().append_pair("session", token.expose());
        url
    }

    async fn terms(&self, app: &App, request: MintRequest) -> Result<Terms, ServiceError> {
        let registrations = self.store.registrations(&app.id).await?;
        let user = user(request.user, request.user_token)?;
        let return_url = request.return_url.as_deref().map(parse_return_url).transpose();
        let return_url = return_url.map_err(|rule| ServiceError::field("return_url", rule))?;
        let allowed_origin = allowed_origin(app, request.allowed_origin.as_deref(), return_url.as_ref())?;
        check_return_url(app, return_url.as_ref(), &allowed_origin)?;
        if request.link == Link::Code && return_url.is_none() {
            return Err(ServiceError::field(
                "return_url",
                "is required with `link: code`: the browser carries the completion code there",
            ));
        }
        if request.link == Link::Code && request.multiple {
            return Err(ServiceError::field(
                "multiple",
                "can't be combined with `link: code`: the browser leaves with the first code",
            ));
        }
        let asked = request.allowed_providers.map(|names| providers(&names, &registrations)).transpose()?;
        let providers = match request.grant_id {
            Some(grant) => {
                vec![self.grant_provider(app, grant, &user, asked.as_deref(), request.multiple).await?]
            }
            None => asked.unwrap_or_else(|| registrations.iter().map(|made| made.provider.clone()).collect()),
        };
        if providers.is_empty() {
            return Err(ServiceError::field(
                "allowed_providers",
                "the app has no provider registered; add one and run `grantway apply`",
            ));
        }
        check_metadata(&request.metadata)?;
        check_locale(request.locale.as_deref())?;
        Ok(Terms {
            scopes: scopes(request.scopes, &providers, &registrations)?,
            providers,
            allowed_origin,
            return_url,
            user,
            grant_id: request.grant_id,
            switch_account: request.switch_account,
            multiple: request.multiple,
            link: request.link,
            locale: request.locale,
            theme: request.theme,
            metadata: request.metadata,
        })
    }

    /// A session for a grant is for that grant's user and provider alone.
    async fn grant_provider(
        &self,
        app: &App,
        grant: GrantId,
        user: &User,
        asked: Option<&[ProviderId]>,
        multiple: bool,
    ) -> Result<ProviderId, ServiceError> {
        let grant = self.store.grant(&app.id, grant).await?;
        let grant = grant.ok_or_else(|| ServiceError::field("grant_id", "the app has no such grant"))?;
        if grant.user.id != user.id {
            return Err(ServiceError::field("grant_id", "the grant belongs to another user than `user.id`"));
        }
        if multiple {
            return Err(ServiceError::field(
                "multiple",
                "can't be combined with `grant_id`: one grant is authorised again",
            ));
        }
        if asked.is_some_and(|asked| asked != [grant.provider.clone()]) {
            let rule = format!("must be omitted or [\"{}\"], the provider of `grant_id`", grant.provider);
            return Err(ServiceError::field("allowed_providers", rule));
        }
        Ok(grant.provider)
    }
}

fn expires_in(asked: Option<i64>) -> Result<i64, ServiceError> {
    let seconds = asked.unwrap_or(DEFAULT_SECONDS);
    if (SHORTEST_SECONDS..=LONGEST_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    Err(ServiceError::field("expires_in", format!("must be {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds")))
}

fn user(user: Option<User>, token: Option<Secret>) -> Result<User, ServiceError> {
    if token.is_some() {
        return Err(ServiceError::field(
            "user_token",
            "the app has no identity provider to verify it with; send `user` instead",
        ));
    }
    let user = user.ok_or_else(|| {
        ServiceError::field("user", "is required: {\"id\": …}, the app's own id of its signed-in user")
    })?;
    if user.id.trim().is_empty() || user.id.chars().count() > LONGEST_TEXT {
        return Err(ServiceError::field("user.id", format!("must be 1 to {LONGEST_TEXT} characters")));
    }
    for (field, text) in [("user.email", &user.email), ("user.name", &user.name)] {
        if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
            return Err(ServiceError::field(field, format!("must be at most {LONGEST_TEXT} characters")));
        }
    }
    Ok(user)
}

fn allowed_origin(app: &App, asked: Option<&str>, return_url: Option<&Url>) -> Result<Origin, ServiceError> {
    if let Some(text) = asked {
        return text.parse().map_err(|rule| ServiceError::field("allowed_origin", rule));
    }
    return_url
        .and_then(|url| Origin::of(url).ok())
        .filter(|origin| app.lists_origin(origin))
        .or_else(|| app.website_origin())
        .ok_or_else(|| {
            let rule = format!(
                "send it, or set `website_url` under [apps.{}]: without it no page could hear of the result",
                app.id
            );
            ServiceError::field("allowed_origin", rule)
        })
}

fn check_return_url(app: &App, url: Option<&Url>, allowed: &Origin) -> Result<(), ServiceError> {
    let Some(url) = url else { return Ok(()) };
    let origin = Origin::of(url).map_err(|rule| ServiceError::field("return_url", rule))?;
    if origin == *allowed || app.lists_origin(&origin) {
        return Ok(());
    }
    let rule = format!(
        "{origin} is neither `allowed_origin` ({allowed}) nor listed in `return_origins` under [apps.{}]",
        app.id
    );
    Err(ServiceError::field("return_url", rule))
}

fn providers(names: &[String], registrations: &[Registration]) -> Result<Vec<ProviderId>, ServiceError> {
    if names.is_empty() {
        return Err(ServiceError::field(
            "allowed_providers",
            "must not be empty; omit it to allow every registered provider",
        ));
    }
    let mut found = Vec::new();
    for name in names {
        let registered = registrations.iter().find(|made| made.provider.as_str() == name);
        let Some(registered) = registered else {
            let known: Vec<_> = registrations.iter().map(|made| made.provider.as_str()).collect();
            let rule = format!("the app has no registration at `{name}`; registered: {}", known.join(", "));
            return Err(ServiceError::field("allowed_providers", rule));
        };
        if !found.contains(&registered.provider) {
            found.push(registered.provider.clone());
        }
    }
    Ok(found)
}

fn scopes(
    asked: BTreeMap<String, Vec<String>>,
    providers: &[ProviderId],
    registrations: &[Registration],
) -> Result<BTreeMap<ProviderId, Vec<String>>, ServiceError> {
    let mut checked = BTreeMap::new();
    for (name, scopes) in asked {
        let field = format!("scopes.{name}");
        let Some(registration) = registrations
            .iter()
            .find(|made| made.provider.as_str() == name && providers.contains(&made.provider))
        else {
            return Err(ServiceError::field(field, "is not one of the session's providers"));
        };
        if let Some(scope) = scopes.iter().find(|scope| !registration.allows_scope(scope)) {
            let rule = format!("`{scope}` is not in the registration's `scopes` or `allowed_scopes`");
            return Err(ServiceError::field(field, rule));
        }
        checked.insert(registration.provider.clone(), scopes);
    }
    Ok(checked)
}

fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if metadata.len() > MOST_METADATA {
        return Err(ServiceError::field("metadata", format!("at most {MOST_METADATA} pairs")));
    }
    match metadata
        .iter()
        .find(|(key, value)| key.chars().count() > 40 || value.chars().count() > LONGEST_TEXT)
    {
        Some((key, _)) => {
            let rule = format!("keys have at most 40 characters, values at most {LONGEST_TEXT}");
            Err(ServiceError::field(format!("metadata.{key}"), rule))
        }
        None => Ok(()),
    }
}

fn check_locale(locale: Option<&str>) -> Result<(), ServiceError> {
    let fits = |text: &str| {
        (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if locale.is_none_or(fits) {
        Ok(())
    } else {
        Err(ServiceError::field("locale", "must be a language tag such as de or pt-BR (BCP 47)"))
    }
}
