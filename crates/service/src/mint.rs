//! Mint: the backend makes a session for one of its users.

pub(crate) mod rules;

use std::collections::BTreeMap;

use grantway_core::{
    AppId, GrantId, Origin, ProviderId, Secret, SessionId, Timestamp,
    app::App,
    grant::{Connection, User},
    message::Told,
    origin::parse_return_url,
    session::{Link, Progress, Session, Stage, Terms, Theme},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;
use utoipa::ToSchema;

use self::rules::{
    allowed_origin, check_locale, check_metadata, check_return_url, expires_in, providers, scopes, user,
};
use crate::{Service, ServiceError, parameters::check_apps};

/// The body of `POST /v1/connect/sessions`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MintRequest {
    /// Providers to choose from; omitted: all that are registered.
    pub allowed_providers: Option<Vec<String>>,
    /// The page that may open the session.
    pub allowed_origin: Option<String>,
    /// Where a redirect returns.
    pub return_url: Option<String>,
    /// For whom. Required, unless there is a `user_token`.
    pub user: Option<User>,
    /// A JWT of the app's own identity provider that names the user.
    #[schema(value_type = Option<String>, default = json!(null))]
    pub user_token: Option<Secret>,
    /// Scopes by provider.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Connection parameters by provider, such as the shop's name: the person is not asked for them.
    pub parameters: BTreeMap<String, BTreeMap<String, String>>,
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
#[derive(Debug, Serialize, ToSchema)]
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
        let now = self.clock.now();
        let session = session.with_lost_work_noticed(now);
        let result = session.result(now).outcome;
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
        let told = self.user_meant(app, request.user, request.user_token.as_ref()).await?;
        let user = user(told)?;
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
        let parameters = self.parameters(request.parameters, &providers)?;
        check_locale(request.locale.as_deref())?;
        Ok(Terms {
            scopes: scopes(request.scopes, &providers, &registrations)?,
            providers,
            parameters,
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

    fn parameters(
        &self,
        asked: BTreeMap<String, BTreeMap<String, String>>,
        providers: &[ProviderId],
    ) -> Result<BTreeMap<ProviderId, BTreeMap<String, String>>, ServiceError> {
        let mut checked = BTreeMap::new();
        for (name, set) in asked {
            let Some(id) = providers.iter().find(|id| id.as_str() == name) else {
                let field = format!("parameters.{name}");
                return Err(ServiceError::field(field, "is not one of the session's providers"));
            };
            check_apps(self.provider(id)?, &set)
                .map_err(|(wrong, rule)| ServiceError::field(format!("parameters.{name}.{wrong}"), rule))?;
            checked.insert(id.clone(), set);
        }
        Ok(checked)
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
