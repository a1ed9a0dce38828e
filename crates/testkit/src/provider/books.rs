//! Everything the provider remembers: questions, codes, and families of tokens.
//!
//! The one rule: a code or refresh token that comes a second time ends its whole family (RFC 9700,
//! sections 2.1.1 and 4.14).

use std::{collections::HashMap, sync::Arc};

use grantway_core::{Clock, Digest, Entropy, Secret, Timestamp, secret::base64url};
use url::Url;

use super::{Account, Ledger, OAuthError, Switches, TokenBehaviour};

const ASK_SECONDS: i64 = 600;
const CODE_SECONDS: i64 = 60;
/// The lifetime of an access token.
pub(super) const ACCESS_SECONDS: i64 = 3600;

/// A believable authorization request that waits for its person.
pub(super) struct Ask {
    pub(super) client_id: String,
    pub(super) redirect_uri: Url,
    /// As it was sent, to be compared byte by byte.
    pub(super) redirect_uri_text: String,
    pub(super) state: String,
    pub(super) challenge: String,
    pub(super) scopes: Vec<String>,
    pub(super) asked_at: Timestamp,
}

/// What a code stands for.
pub(super) struct IssuedCode {
    pub(super) client_id: String,
    pub(super) redirect_uri_text: String,
    pub(super) challenge: String,
    pub(super) account: &'static Account,
    pub(super) scopes: Vec<String>,
    /// The behaviour that the person chose for its exchange.
    pub(super) behaviour: Option<TokenBehaviour>,
}

/// What a client brings along with a code.
pub(super) struct CodeProof<'a> {
    pub(super) client_id: &'a str,
    pub(super) redirect_uri_text: &'a str,
    pub(super) verifier: &'a str,
}

/// What comes of a good token request.
pub(super) struct IssuedTokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) scopes: Vec<String>,
}

enum CodeState {
    Fresh,
    Failed,
    Spent { family: usize },
}

struct KeptCode {
    code: IssuedCode,
    issued_at: Timestamp,
    state: CodeState,
}

/// All tokens that came of one code.
struct Family {
    client_id: String,
    account: &'static Account,
    scopes: Vec<String>,
    revoked: bool,
}

struct AccessToken {
    family: usize,
    expires_at: Timestamp,
}

struct RefreshToken {
    family: usize,
    spent: bool,
}

pub(super) struct Books {
    pub(super) switches: Switches,
    /// The requests; what is active is counted by [`Books::ledger`].
    pub(super) requests: Ledger,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    asks: HashMap<String, Ask>,
    codes: HashMap<String, KeptCode>,
    families: Vec<Family>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, RefreshToken>,
}

impl Books {
    pub(super) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            switches: Switches::default(),
            requests: Ledger::default(),
            clock,
            entropy,
            asks: HashMap::new(),
            codes: HashMap::new(),
            families: Vec::new(),
            access_tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn fresh(&self, prefix: &str) -> String {
        Secret::random(prefix, &*self.entropy).expose().to_owned()
    }

    /// Keeps the question; its id answers it once.
    pub(super) fn ask(&mut self, ask: Ask) -> String {
        let oldest = self.now().plus_seconds(-ASK_SECONDS);
        self.asks.retain(|_, other| other.asked_at >= oldest);
        let id = self.fresh("ask-");
        self.asks.insert(id.clone(), ask);
        id
    }

    pub(super) fn take_ask(&mut self, id: &str) -> Option<Ask> {
        let ask = self.asks.remove(id)?;
        (self.now().seconds_since(ask.asked_at) <= ASK_SECONDS).then_some(ask)
    }

    pub(super) fn issue_code(&mut self, code: IssuedCode) -> String {
        let text = self.fresh("CANARY-code-");
        let kept = KeptCode { code, issued_at: self.now(), state: CodeState::Fresh };
        self.codes.insert(text.clone(), kept);
        text
    }

    /// The behaviour chosen for this code, or the one for everything.
    pub(super) fn behaviour(&self, code: Option<&str>) -> TokenBehaviour {
        let chosen = code.and_then(|code| self.codes.get(code)).and_then(|kept| kept.code.behaviour);
        chosen.unwrap_or(self.switches.token)
    }

    /// Exchanges a code. Another client's attempt leaves it alone; its own client has one.
    pub(super) fn spend_code(&mut self, code: &str, proof: &CodeProof) -> Result<IssuedTokens, OAuthError> {
        let now = self.now();
        let kept = self.codes.get_mut(code).ok_or(OAuthError::InvalidGrant)?;
        if kept.code.client_id != proof.client_id {
            return Err(OAuthError::InvalidGrant);
        }
        match kept.state {
            CodeState::Fresh => kept.state = CodeState::Failed,
            CodeState::Failed => return Err(OAuthError::InvalidGrant),
            CodeState::Spent { family } => {
                self.families[family].revoked = true;
                return Err(OAuthError::InvalidGrant);
            }
        }
        let good = now.seconds_since(kept.issued_at) < CODE_SECONDS
            && kept.code.redirect_uri_text == proof.redirect_uri_text
            && kept.code.challenge == base64url(Digest::of(proof.verifier).as_bytes());
        if !good {
            return Err(OAuthError::InvalidGrant);
        }
        let family = self.families.len();
        kept.state = CodeState::Spent { family };
        let (client_id, account) = (&kept.code.client_id, kept.code.account.id);
        let is_again = self
            .families
            .iter()
            .any(|known| !known.revoked && known.client_id == *client_id && known.account.id == account);
        self.families.push(Family {
            client_id: kept.code.client_id.clone(),
            account: kept.code.account,
            scopes: kept.code.scopes.clone(),
            revoked: false,
        });
        let scopes = self.families[family].scopes.clone();
        let gives = !(is_again && self.switches.refresh_once);
        let refresh_token = gives.then(|| self.issue_refresh(family));
        Ok(IssuedTokens { access_token: self.issue_access(family), refresh_token, scopes })
    }

    /// Refreshes, for all granted scopes or for some (RFC 6749, section 6).
    pub(super) fn spend_refresh(
        &mut self,
        token: &str,
        client_id: &str,
        wanted: Option<Vec<String>>,
    ) -> Result<IssuedTokens, OAuthError> {
        let rotate = self.switches.rotate;
        let kept = self.refresh_tokens.get_mut(token).ok_or(OAuthError::InvalidGrant)?;
        let family = kept.family;
        let owner = &mut self.families[family];
        if owner.client_id != client_id || owner.revoked {
            return Err(OAuthError::InvalidGrant);
        }
        if kept.spent {
            owner.revoked = true;
            return Err(OAuthError::InvalidGrant);
        }
        let scopes = wanted.unwrap_or_else(|| owner.scopes.clone());
        if !scopes.iter().all(|scope| owner.scopes.contains(scope)) {
            return Err(OAuthError::InvalidScope);
        }
        kept.spent = rotate;
        let refresh_token = rotate.then(|| self.issue_refresh(family));
        Ok(IssuedTokens { access_token: self.issue_access(family), refresh_token, scopes })
    }

    fn issue_access(&mut self, family: usize) -> String {
        let token = self.fresh("CANARY-access-");
        let expires_at = self.now().plus_seconds(ACCESS_SECONDS);
        self.access_tokens.insert(token.clone(), AccessToken { family, expires_at });
        self.requests.issued_access_tokens += 1;
        token
    }

    fn issue_refresh(&mut self, family: usize) -> String {
        let token = self.fresh("CANARY-refresh-");
        self.refresh_tokens.insert(token.clone(), RefreshToken { family, spent: false });
        token
    }

    /// Whose access token this is, while it holds.
    pub(super) fn account(&self, access_token: &str) -> Option<&'static Account> {
        let kept = self.access_tokens.get(access_token)?;
        let family = &self.families[kept.family];
        (self.now() < kept.expires_at && !family.revoked).then_some(family.account)
    }

    /// Ends an access token, or a refresh token with its family. An unknown one is fine (RFC 7009,
    /// section 2.2).
    pub(super) fn revoke(&mut self, token: &str, client_id: &str) -> Result<(), OAuthError> {
        let access = self.access_tokens.get(token).map(|kept| kept.family);
        let refresh = self.refresh_tokens.get(token).map(|kept| kept.family);
        let owner = access.or(refresh);
        if owner.is_some_and(|family| self.families[family].client_id != client_id) {
            return Err(OAuthError::UnauthorizedClient);
        }
        self.access_tokens.remove(token);
        if let Some(family) = refresh {
            self.families[family].revoked = true;
        }
        self.requests.revoked += 1;
        Ok(())
    }

    pub(super) fn end_access_tokens(&mut self) {
        self.access_tokens.clear();
    }

    pub(super) fn revoke_all(&mut self) {
        self.families.iter_mut().for_each(|family| family.revoked = true);
    }

    pub(super) fn ledger(&self) -> Ledger {
        let refresh = self.refresh_tokens.values();
        Ledger {
            active_access_tokens: self.access_tokens.keys().filter(|t| self.account(t).is_some()).count(),
            active_refresh_tokens: refresh.filter(|t| !t.spent && !self.families[t.family].revoked).count(),
            ..self.requests.clone()
        }
    }
}
