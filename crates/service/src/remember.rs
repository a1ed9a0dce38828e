//! Exchange, identify, seal, remember: a believed code becomes a grant, in one transaction.

mod kept;

use grantway_core::{
    GrantId,
    flow::{AcceptedCode, Flow},
    grant::{Account, Connection, Grant, GrantStatus, Operation},
    session::{Accounts, Mismatch, Session},
};
use grantway_engine::{EngineError, Proof, TokenSet, identify};
use grantway_store::{Connect, StoreError};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    Service, ServiceError, depart::verifier_place, disuse::refresh_at, error::retried, grant_place,
    refresh::PATIENCE, revocations::Unheld,
};

impl Service {
    /// Rooms 5 to 7, for a session that is at work.
    pub(crate) async fn exchange(
        &self,
        session: Session,
        flow: &Flow,
        code: AcceptedCode,
    ) -> Result<Connection, ServiceError> {
        let parts = self.client(&flow.registration, &flow.parameters).await?;
        let client = parts.client();
        let verifier = self.vault.open(&flow.sealed_verifier, &verifier_place(&session, &flow.state))?;
        let now = self.clock.now();
        let proof = Proof { code, verifier: &verifier, kept: &flow.kept };
        let mut tokens = grantway_engine::exchange(&*self.http, &client, proof, now).await?;
        let account = self.account(&session, flow, &client, &tokens).await?;
        match grantway_engine::look_up(&*self.http, &client, &tokens).await {
            Ok(found) => tokens.extra.extend(found),
            Err(error) => {
                tracing::warn!(session = %session.id, provider = %flow.provider, %error, "connected, API address unknown")
            }
        }
        let arrival = Arrival { session, flow, tokens, account, is_beside: false };
        self.settle(&arrival).await
    }

    /// Room 7. What is ended by the app meanwhile stays so.
    pub(crate) async fn settle(&self, arrival: &Arrival<'_>) -> Result<Connection, ServiceError> {
        match self.connect_in_turn(arrival).await {
            Err(error) if self.ended_meanwhile(arrival, &error).await? => {
                self.revoke_arrived(arrival, &error).await?;
                Err(error)
            }
            outcome => outcome,
        }
    }

    /// Whether what these tokens were for was ended by the app: no one else will end them.
    async fn ended_meanwhile(
        &self,
        arrival: &Arrival<'_>,
        error: &ServiceError,
    ) -> Result<bool, ServiceError> {
        match error {
            ServiceError::GrantEnded(_) => Ok(true),
            ServiceError::Store(StoreError::Conflict) => self.is_forgotten(&arrival.session.id).await,
            _ => Ok(false),
        }
    }

    async fn revoke_arrived(&self, arrival: &Arrival<'_>, error: &ServiceError) -> Result<(), ServiceError> {
        let grant = match error {
            ServiceError::GrantEnded(grant) => *grant,
            _ => GrantId::random(&*self.entropy),
        };
        let unheld = Unheld {
            app: &arrival.session.app,
            grant,
            provider: &arrival.flow.provider,
            registration: &arrival.flow.registration,
            parameters: &arrival.flow.parameters,
            tokens: &arrival.tokens,
        };
        self.revoke_unheld(&unheld).await
    }

    /// Whose tokens they are. A provider that can't tell now makes a connection of an unknown account, unless
    /// a grant is meant: that one's account must be the same.
    async fn account(
        &self,
        session: &Session,
        flow: &Flow,
        client: &grantway_engine::Client<'_>,
        tokens: &TokenSet,
    ) -> Result<Account, ServiceError> {
        let asked = identify::Asked {
            nonce: flow.nonce.as_deref(),
            scopes: &flow.scopes,
            kept: &flow.kept,
            now: self.clock.now(),
        };
        match grantway_engine::identify(&*self.http, &self.directory, client, tokens, asked).await {
            Ok(account) => Ok(account),
            Err(error) if matches!(error, EngineError::IdToken(_)) => Err(error.into()),
            Err(error) if session.meant(&flow.provider).is_some() => Err(error.into()),
            Err(error) => {
                tracing::warn!(session = %session.id, provider = %flow.provider, %error, "connected, account unknown");
                Ok(Account::default())
            }
        }
    }

    /// A refresh of what is kept is waited for; one that takes longer than any is a dead server's.
    async fn connect_in_turn(&self, arrival: &Arrival<'_>) -> Result<Connection, ServiceError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match retried(|| self.connect(arrival, Instant::now() < until)).await {
                Err(ServiceError::Store(StoreError::Busy)) => tokio::time::sleep(self.pause()).await,
                outcome => return outcome,
            }
        }
    }

    async fn connect(&self, arrival: &Arrival<'_>, waits: bool) -> Result<Connection, ServiceError> {
        let session = &arrival.session;
        let known =
            self.store.grants_of_user(&session.app, &session.terms.user.id, &arrival.flow.provider).await?;
        let provider = self.provider(&arrival.flow.provider)?;
        let here = provider.place(&arrival.flow.parameters);
        let is_here = |grant: &Grant| provider.place(&grant.parameters) == here;
        let known = choose(known, arrival.meant(), &arrival.account, is_here)?;
        let is_other = |grant: &&Grant| is_another(&grant.account, &arrival.account) || !is_here(grant);
        if let Some(grant) = known.as_ref().filter(is_other) {
            let (accounts, kept) = (accounts(&grant.account, &arrival.account), self.kept(arrival));
            return Err(ServiceError::AccountMismatch(Mismatch { accounts, kept }));
        }
        check_not_ended(known.as_ref(), arrival.flow)?;
        let was = known.as_ref().map(|grant| grant.status);
        let revived = known.as_ref().is_some_and(|grant| grant.status != GrantStatus::Active);
        let working = known.as_ref().filter(|grant| kept::keeps(grant, arrival));
        // What is kept must not be on its way to the provider. The database has the last word.
        let _turn = match working {
            Some(grant) => tokio::time::timeout(PATIENCE, self.refreshing.turn(grant.id)).await.ok(),
            None => None,
        };
        let kept = match working {
            Some(grant) => self.kept_token(grant).await?,
            None => None,
        };
        let mut tokens = arrival.tokens.clone();
        let mut refresh_at = refresh_at(provider, &tokens, self.clock.now());
        if let Some(kept) = &kept {
            tokens.refresh_token.clone_from(&kept.token);
            refresh_at = kept.refresh_at(refresh_at);
        }
        let grant = self.grant_of(arrival, known, tokens.refresh_token.is_some());
        let sealed = self.vault.seal(tokens.to_plain().expose(), &grant_place(grant.id), &*self.entropy);
        let connection = grant.connection(&self.provider_name(&grant.provider));
        let session = session.clone().connected(connection.clone(), self.clock.now());
        let notes = self.connected_note(&session, &connection, revived);
        let why = json!({"why": "connected again"});
        let untold = self.audit_entry(&grant.app, "grant.provider_not_told", grant.id, why);
        self.store
            .connect(&Connect {
                session: &session,
                grant: &grant,
                was,
                sealed: &sealed,
                kept_from: kept.map(|kept| kept.generation),
                waits,
                refresh_at,
                notes: &notes,
                untold: &untold,
            })
            .await?;
        Ok(connection)
    }

    fn grant_of(&self, arrival: &Arrival<'_>, known: Option<Grant>, can_be_refreshed: bool) -> Grant {
        let (session, flow) = (&arrival.session, arrival.flow);
        let now = self.clock.now();
        let told = arrival.tokens.scopes.clone().or_else(|| flow.granted_scopes.clone());
        let scopes = told.unwrap_or_else(|| flow.scopes.clone());
        // OpenID Connect Core, section 11: `offline_access` is answered by a refresh token, not by its name.
        let answered =
            |scope: &String| scopes.contains(scope) || (scope == "offline_access" && can_be_refreshed);
        let missing = flow.scopes.iter().filter(|scope| !answered(scope)).cloned().collect();
        let mut metadata = known.as_ref().map(|grant| grant.metadata.clone()).unwrap_or_default();
        metadata.extend(session.terms.metadata.clone());
        let account = match &known {
            Some(grant) if arrival.account.id.is_none() => grant.account.clone(),
            _ => arrival.account.clone(),
        };
        Grant {
            id: known.as_ref().map_or_else(|| GrantId::random(&*self.entropy), |grant| grant.id),
            app: session.app.clone(),
            user: session.terms.user.clone(),
            provider: flow.provider.clone(),
            registration: flow.registration.clone(),
            account,
            parameters: flow.parameters.clone(),
            scopes_missing: missing,
            scopes,
            status: GrantStatus::Active,
            operation: if known.is_some() { Operation::Reauth } else { Operation::Creation },
            metadata,
            created_at: known.as_ref().map_or(now, |grant| grant.created_at),
            updated_at: now,
        }
    }
}

/// A trip that began before its grant was revoked does not revive it; a new one does.
fn check_not_ended(known: Option<&Grant>, flow: &Flow) -> Result<(), ServiceError> {
    match known {
        Some(grant) if grant.status == GrantStatus::Revoked && flow.departed_at < grant.updated_at => {
            Err(ServiceError::GrantEnded(grant.id))
        }
        _ => Ok(()),
    }
}

fn is_another(expected: &Account, got: &Account) -> bool {
    expected.id.is_some() && got.id.is_some() && expected.id != got.id
}

fn accounts(expected: &Account, got: &Account) -> Accounts {
    let name = |account: &Account| account.identifier().unwrap_or_default().to_owned();
    Accounts { expected: name(expected), got: name(got) }
}

/// What came back, believed and identified.
pub(crate) struct Arrival<'a> {
    pub(crate) session: Session,
    pub(crate) flow: &'a Flow,
    pub(crate) tokens: TokenSet,
    pub(crate) account: Account,
    /// The person wants it beside the grant that was meant.
    pub(crate) is_beside: bool,
}

impl Arrival<'_> {
    fn meant(&self) -> Option<GrantId> {
        if self.is_beside { None } else { self.session.meant(&self.flow.provider) }
    }
}

/// Which grant a connection is: the one named, the one of the same account, or, at a provider that
/// tells no identity, the only one that waits to be authorised again. Otherwise a new one. Two tenants may
/// give one id to two accounts, so only a grant of the same place counts.
fn choose(
    known: Vec<Grant>,
    named: Option<GrantId>,
    account: &Account,
    is_here: impl Fn(&Grant) -> bool,
) -> Result<Option<Grant>, ServiceError> {
    if let Some(id) = named {
        return known.into_iter().find(|grant| grant.id == id).map(Some).ok_or(ServiceError::NoGrant);
    }
    let mut known = known.into_iter().filter(is_here);
    if account.id.is_some() {
        return Ok(known.find(|grant| grant.account.id == account.id));
    }
    let mut waiting = known.filter(|grant| grant.status == GrantStatus::NeedsReauth);
    Ok(waiting.next().filter(|_| waiting.next().is_none()))
}
