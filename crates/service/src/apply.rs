//! Apps, registrations and webhook endpoints, as the operator declares them.

use std::collections::BTreeMap;

use grantway_catalog::{Catalog, Provider};
use grantway_core::{
    AppId, Origin, ProviderId, RegistrationId, Secret,
    app::{App, Identity, Registration},
};
use grantway_engine::user_token;
use serde_json::json;
use url::Url;

use crate::{
    Service, ServiceError, WebhookSpec, check_webhooks, parameters::check_operators, parameters_place,
    registration_place,
};

/// An app, as declared.
#[derive(Clone, Debug)]
pub struct AppSpec {
    /// Its id.
    pub id: AppId,
    /// For people.
    pub name: String,
    /// Its home.
    pub website_url: Option<Url>,
    /// Further origins for `return_url`.
    pub return_origins: Vec<Origin>,
    /// Its own identity provider.
    pub identity: Option<Identity>,
    /// Its clients at providers.
    pub registrations: Vec<RegistrationSpec>,
    /// Where it hears of its events.
    pub webhooks: Vec<WebhookSpec>,
}

/// An app's client at a provider, as declared.
#[derive(Clone, Debug)]
pub struct RegistrationSpec {
    /// Where.
    pub provider: ProviderId,
    /// OAuth `client_id`.
    pub client_id: String,
    /// OAuth `client_secret`.
    pub client_secret: Option<Secret>,
    /// Connection parameters that the operator sets for everyone.
    pub parameters: BTreeMap<String, String>,
    /// Scopes asked for by default; empty means the catalog's.
    pub scopes: Vec<String>,
    /// Further scopes that a session may ask for.
    pub allowed_scopes: Vec<String>,
}

/// What the operator must enter at the provider.
#[derive(Clone, Debug)]
pub struct AppliedRegistration {
    /// Whose.
    pub app: AppId,
    /// Where.
    pub provider: ProviderId,
    /// The redirect URI to register there.
    pub redirect_uri: Url,
}

impl RegistrationSpec {
    /// Whether it could be applied, and to which provider.
    ///
    /// # Errors
    /// With the field that is wrong, and what it must be.
    pub fn check<'c>(&self, app: &AppId, catalog: &'c Catalog) -> Result<&'c Provider, ServiceError> {
        let field = format!("apps.{app}.providers.{}", self.provider);
        let Some(provider) = catalog.get(&self.provider) else {
            let rule = "no such provider in the catalog; declare it under [providers]";
            return Err(ServiceError::field(field, rule));
        };
        if self.client_id.trim().is_empty() {
            return Err(ServiceError::field(format!("{field}.client_id"), "must not be empty"));
        }
        check_operators(provider, &self.parameters)
            .map_err(|(name, rule)| ServiceError::field(format!("{field}.parameters.{name}"), rule))?;
        Ok(provider)
    }
}

impl Service {
    /// Adds apps and registrations, or replaces those of the same ids. Webhook endpoints that are not declared any
    /// more are removed.
    ///
    /// # Errors
    /// When the catalog lacks a provider, a webhook breaks a rule, or the store fails; nothing is changed then.
    pub async fn apply(&self, specs: Vec<AppSpec>) -> Result<Vec<AppliedRegistration>, ServiceError> {
        let (mut apps, mut registrations, mut endpoints) = (Vec::new(), Vec::new(), Vec::new());
        for spec in specs {
            if let Some(identity) = &spec.identity {
                user_token::check(identity).map_err(|(field, rule)| {
                    ServiceError::field(format!("apps.{}.identity.{field}", spec.id), rule)
                })?;
            }
            check_webhooks(&spec)?;
            endpoints.extend(spec.webhooks.into_iter().map(|webhook| self.endpoint(&spec.id, webhook)));
            for declared in spec.registrations {
                registrations.push(self.registration(&spec.id, declared)?);
            }
            apps.push(App {
                id: spec.id,
                name: spec.name,
                website_url: spec.website_url,
                return_origins: spec.return_origins,
                identity: spec.identity,
            });
        }
        let entry = |app: &App| self.audit_entry(&app.id, "app.applied", &app.id, json!({}));
        let audit: Vec<_> = apps.iter().map(entry).collect();
        self.store.apply(&apps, &registrations, &endpoints, &audit).await?;
        let applied = |made: Registration| AppliedRegistration {
            redirect_uri: self.redirect_uri(&made.id),
            app: made.app,
            provider: made.provider,
        };
        Ok(registrations.into_iter().map(applied).collect())
    }

    fn registration(&self, app: &AppId, spec: RegistrationSpec) -> Result<Registration, ServiceError> {
        let provider = spec.check(app, &self.catalog)?;
        let id = RegistrationId::of(app, &spec.provider);
        let seal = |text: &str, place: &str| self.vault.seal(text, place, &*self.entropy);
        let parameters = (!spec.parameters.is_empty()).then(|| json!(spec.parameters).to_string());
        Ok(Registration {
            sealed_secret: spec.client_secret.map(|secret| seal(secret.expose(), &registration_place(&id))),
            sealed_parameters: parameters.map(|parameters| seal(&parameters, &parameters_place(&id))),
            app: app.clone(),
            provider: spec.provider,
            client_id: spec.client_id,
            scopes: if spec.scopes.is_empty() { provider.scopes.clone() } else { spec.scopes },
            allowed_scopes: spec.allowed_scopes,
            id,
        })
    }

    /// That an operator's word names an app.
    pub(crate) async fn check_app(&self, app: &AppId) -> Result<(), ServiceError> {
        match self.store.app(app).await? {
            Some(_) => Ok(()),
            None => Err(ServiceError::field(
                "app",
                format!("there is no app `{app}`; declare it and run `grantway apply`"),
            )),
        }
    }
}
