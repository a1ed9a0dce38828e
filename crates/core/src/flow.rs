//! A flow: one trip to a provider and back. Its `state` is taken once; what comes back is believed
//! only after [`Flow::accept`], and only that makes an [`AcceptedCode`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Code, Digest, Secret, SessionId, Timestamp,
    ids::{ProviderId, RegistrationId},
};

/// How long a person may stay at the provider, in seconds.
pub const FLOW_SECONDS: i64 = 3600;

/// A stored flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Digest of `state` (RFC 6749, section 4.1.1): its key in the store.
    pub state: Digest,
    /// Digest of the flow cookie's value.
    pub browser: Digest,
    /// For whom.
    pub session: SessionId,
    /// Through which client; part of the redirect URI.
    pub registration: RegistrationId,
    /// To which provider.
    pub provider: ProviderId,
    /// The sealed PKCE verifier (RFC 7636, section 4.1).
    pub sealed_verifier: Vec<u8>,
    /// OIDC `nonce`, when the provider issues id tokens.
    pub nonce: Option<String>,
    /// The issuer that must sign the answer (RFC 9207).
    pub issuer: Option<String>,
    /// Whether the provider's metadata promises `iss` in every answer.
    pub iss_promised: bool,
    /// The scopes asked for.
    pub scopes: Vec<String>,
    /// Connection parameters, each checked by its pattern.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What the answer carried beside the code, as the catalog says to keep.
    #[serde(default)]
    pub kept: BTreeMap<String, String>,
    /// Granted scopes, where the answer told them and not the token.
    #[serde(default)]
    pub granted_scopes: Option<Vec<String>>,
    /// When the person left for the provider.
    pub departed_at: Timestamp,
    /// After this its answer is too old.
    pub expires_at: Timestamp,
}

/// The parameters of an authorization response (RFC 6749, sections 4.1.2 and 4.1.2.1). All untrusted.
#[derive(Clone, Debug, Default)]
pub struct CallbackParams {
    /// Echo of what we sent.
    pub state: Option<Secret>,
    /// The authorization code.
    pub code: Option<Secret>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why not.
    pub error: Option<String>,
}

/// A code that came back to the flow that asked for it: made by [`Flow::accept`], or taken from the vault,
/// where one that was accepted before waited.
#[derive(Debug)]
pub struct AcceptedCode {
    code: Secret,
    state: Secret,
}

impl AcceptedCode {
    /// For the token request.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.code.expose()
    }

    /// The flow's `state`, which a few providers want in the token request.
    #[must_use]
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// For the vault.
    #[must_use]
    pub fn to_plain(&self) -> Secret {
        Secret::new(format!("{}\n{}", self.state.expose(), self.code.expose()))
    }

    /// One that was accepted before and kept in the vault since.
    #[must_use]
    pub fn from_plain(plain: &Secret) -> Option<Self> {
        let (state, code) = plain.expose().split_once('\n')?;
        Some(Self { state: Secret::new(state.to_owned()), code: Secret::new(code.to_owned()) })
    }
}

/// Why an authorization response is not followed by a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another issuer answered, or none where one was promised (RFC 9207, section 2.4).
    #[error("the answer's issuer is not the one asked")]
    WrongIssuer,
    /// It came back on another registration's redirect URI.
    #[error("the answer came back on another redirect URI")]
    WrongRegistration,
    /// It lacks the provider's own signature, or has a wrong one.
    #[error("the answer's signature is missing or wrong")]
    Unproved,
    /// Too late.
    #[error("the flow has expired")]
    Expired,
    /// The person said no.
    #[error("access was denied")]
    Denied,
    /// An administrator must say yes first.
    #[error("an administrator must approve")]
    AdminApproval,
    /// The provider is overloaded or down.
    #[error("the provider is temporarily unavailable")]
    Unavailable,
    /// Some other error, or neither code nor error.
    #[error("the provider answered with an error")]
    Provider,
}

impl Refusal {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::WrongIssuer | Self::WrongRegistration | Self::Unproved => Code::CallbackRefused,
            Self::Expired => Code::FlowUnknown,
            Self::Denied => Code::AccessDenied,
            Self::AdminApproval => Code::AdminApprovalRequired,
            Self::Unavailable => Code::ProviderUnavailable,
            Self::Provider => Code::ProviderError,
        }
    }
}

impl Flow {
    /// Believes an answer, or says why not. Checked before anything is sent to the provider.
    ///
    /// # Errors
    /// The first rule that the answer breaks.
    pub fn accept(
        &self,
        registration: &RegistrationId,
        params: CallbackParams,
        now: Timestamp,
    ) -> Result<AcceptedCode, Refusal> {
        if *registration != self.registration {
            return Err(Refusal::WrongRegistration);
        }
        if now >= self.expires_at {
            return Err(Refusal::Expired);
        }
        match (&params.iss, &self.issuer) {
            (Some(told), Some(asked)) if told != asked => return Err(Refusal::WrongIssuer),
            (None, Some(_)) if self.iss_promised => return Err(Refusal::WrongIssuer),
            _ => {}
        }
        if let Some(error) = &params.error {
            return Err(refusal_of(error));
        }
        match (params.code, params.state) {
            (Some(code), Some(state)) => Ok(AcceptedCode { code, state }),
            _ => Err(Refusal::Provider),
        }
    }
}

/// RFC 6749, section 4.1.2.1, and the OpenID Connect errors that mean the same to a person.
fn refusal_of(error: &str) -> Refusal {
    match error {
        "access_denied"
        | "user_denied"
        | "consent_required"
        | "user_cancelled_authorize"
        | "user_cancelled_login" => Refusal::Denied,
        "admin_policy_enforced" | "admin_consent_required" => Refusal::AdminApproval,
        "temporarily_unavailable" | "server_error" => Refusal::Unavailable,
        _ => Refusal::Provider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow {
            state: Digest::of("s"),
            browser: Digest::of("b"),
            session: "cs_0123456789abcdefghijkl".parse().unwrap(),
            registration: "acme.files".parse().unwrap(),
            provider: "files".parse().unwrap(),
            sealed_verifier: Vec::new(),
            nonce: None,
            issuer: Some("https://id.test".to_owned()),
            iss_promised: true,
            scopes: Vec::new(),
            parameters: BTreeMap::new(),
            kept: BTreeMap::new(),
            granted_scopes: None,
            departed_at: Timestamp(0),
            expires_at: Timestamp(1000),
        }
    }

    fn answer(iss: Option<&str>, error: Option<&str>) -> CallbackParams {
        CallbackParams {
            state: Some(Secret::new("s".to_owned())),
            code: Some(Secret::new("code".to_owned())),
            iss: iss.map(str::to_owned),
            error: error.map(str::to_owned),
        }
    }

    fn refusal(registration: &str, params: CallbackParams, now: i64) -> Option<Refusal> {
        flow().accept(&registration.parse().unwrap(), params, Timestamp(now)).err()
    }

    #[test]
    fn only_an_answer_that_fits_its_flow_yields_a_code() {
        let iss = Some("https://id.test");

        assert_eq!(refusal("acme.files", answer(iss, None), 0), None);
        assert_eq!(refusal("evil.files", answer(iss, None), 0), Some(Refusal::WrongRegistration));
        assert_eq!(refusal("acme.files", answer(None, None), 0), Some(Refusal::WrongIssuer));
        assert_eq!(
            refusal("acme.files", answer(Some("https://id.test/"), None), 0),
            Some(Refusal::WrongIssuer)
        );
        assert_eq!(refusal("acme.files", answer(iss, None), 1000), Some(Refusal::Expired));
        assert_eq!(refusal("acme.files", answer(iss, Some("access_denied")), 0), Some(Refusal::Denied));
        assert_eq!(refusal("acme.files", answer(None, Some("access_denied")), 0), Some(Refusal::WrongIssuer));
        assert_eq!(refusal("acme.files", answer(iss, Some("<script>")), 0), Some(Refusal::Provider));
    }

    #[test]
    fn an_answer_without_code_or_error_is_the_providers_mistake() {
        let params = CallbackParams { iss: Some("https://id.test".to_owned()), ..CallbackParams::default() };

        assert_eq!(refusal("acme.files", params, 0), Some(Refusal::Provider));
    }
}
