//! Endpoints, as the operator declares them.

use grantway_core::{AppId, EndpointId, Secret, origin::parse_return_url};
use grantway_store::Endpoint;
use url::Url;

use super::signing::SigningKey;
use crate::{AppSpec, Service, ServiceError, notes::EVENT_KINDS};

/// One signs; a second one signs too, while receivers change over.
const MOST_SECRETS: usize = 2;

/// An app's webhook endpoint, as declared.
#[derive(Clone, Debug)]
pub struct WebhookSpec {
    /// Where to post: https, or http on loopback.
    pub url: Url,
    /// Signing secrets, one or two.
    pub secrets: Vec<Secret>,
    /// The event types that it hears of; empty means all.
    pub events: Vec<String>,
}

/// Checks an app's endpoints.
///
/// # Errors
/// With the key that breaks a rule.
pub fn check_webhooks(app: &AppSpec) -> Result<(), ServiceError> {
    for (index, webhook) in app.webhooks.iter().enumerate() {
        let field = format!("apps.{}.webhooks[{index}]", app.id);
        if app.webhooks[..index].iter().any(|earlier| earlier.url == webhook.url) {
            return Err(ServiceError::field(format!("{field}.url"), "is declared twice"));
        }
        webhook.check(&field)?;
    }
    Ok(())
}

impl WebhookSpec {
    fn check(&self, field: &str) -> Result<(), ServiceError> {
        parse_return_url(self.url.as_str())
            .map_err(|error| ServiceError::field(format!("{field}.url"), error))?;
        if !(1..=MOST_SECRETS).contains(&self.secrets.len()) {
            return Err(ServiceError::field(
                format!("{field}.secrets"),
                format!("must be 1 to {MOST_SECRETS}; `grantway webhooks secret` makes one"),
            ));
        }
        for secret in &self.secrets {
            SigningKey::parse(secret.expose())
                .map_err(|error| ServiceError::field(format!("{field}.secrets"), error))?;
        }
        match self.events.iter().find(|kind| !EVENT_KINDS.contains(&kind.as_str())) {
            Some(kind) => Err(ServiceError::field(
                format!("{field}.events"),
                format!("there is no event `{kind}`; there are {}", EVENT_KINDS.join(", ")),
            )),
            None => Ok(()),
        }
    }
}

impl Service {
    pub(crate) fn endpoint(&self, app: &AppId, spec: WebhookSpec) -> Endpoint {
        let id = EndpointId::of(app, &spec.url);
        let secrets: Vec<_> = spec.secrets.iter().map(Secret::expose).collect();
        let secrets = Secret::new(secrets.join("\n"));
        Endpoint {
            sealed_secrets: self.vault.seal(secrets.expose(), &webhook_place(&id), &*self.entropy),
            app: app.clone(),
            url: spec.url,
            kinds: spec.events,
            disabled_at: None,
            id,
        }
    }
}

/// What an endpoint's secrets are sealed for.
pub(crate) fn webhook_place(id: &impl std::fmt::Display) -> String {
    format!("webhook/{id}")
}
