//! Who the app's user is, by the app's own identity provider.

use grantway_core::{AppId, GrantId, Secret, app::App, grant::User};
use grantway_engine::{JwtError, user_token};

use crate::{Service, ServiceError};

impl Service {
    /// The user that a token names, of the app's declared identity provider. `field` is where the token was.
    ///
    /// # Errors
    /// [`ServiceError::UserToken`] when it is not believed; [`ServiceError::Identity`] when the provider's
    /// keys can't be had.
    pub async fn user_of_token(
        &self,
        app: &AppId,
        token: &Secret,
        field: &str,
    ) -> Result<User, ServiceError> {
        let app = self.store.app(app).await?.ok_or(ServiceError::Unauthorized)?;
        self.verified_user(&app, token, field).await
    }

    /// That a grant is this user's. Another's is not told from none.
    ///
    /// # Errors
    /// [`ServiceError::NoGrant`]
    pub async fn check_owner(&self, app: &AppId, grant: GrantId, user: &str) -> Result<(), ServiceError> {
        let grant = self.store.grant(app, grant).await?;
        grant.filter(|grant| grant.user.id == user).map(|_| ()).ok_or(ServiceError::NoGrant)
    }

    /// Whom the backend means: its own word, the token's, or both if they are one.
    pub(crate) async fn user_meant(
        &self,
        app: &App,
        told: Option<User>,
        token: Option<&Secret>,
    ) -> Result<Option<User>, ServiceError> {
        let Some(token) = token else { return Ok(told) };
        let signed = self.verified_user(app, token, "user_token").await?;
        match told {
            Some(told) if told.id != signed.id => Err(ServiceError::OtherUser("user.id")),
            Some(told) => Ok(Some(User {
                id: signed.id,
                email: told.email.or(signed.email),
                name: told.name.or(signed.name),
            })),
            None => Ok(Some(signed)),
        }
    }

    async fn verified_user(&self, app: &App, token: &Secret, field: &str) -> Result<User, ServiceError> {
        let identity = app.identity.as_ref().ok_or_else(|| {
            let rule =
                format!("the app has no identity provider to verify it with; set [apps.{}.identity]", app.id);
            ServiceError::field(field, rule)
        })?;
        user_token::verify(&self.directory, identity, token, self.clock.now()).await.map_err(|error| {
            match error {
                JwtError::Broken(rule) => ServiceError::UserToken(rule),
                JwtError::Keys(error) => ServiceError::Identity(error),
            }
        })
    }
}
