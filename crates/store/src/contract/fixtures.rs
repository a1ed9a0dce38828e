//! One app, one registration, and what hangs on them.

use grantway_core::{
    AppId, Digest, Entropy, GrantId, KeyScope, Origin, SessionId, Timestamp,
    app::{App, Registration},
    device::Mode,
    flow::Flow,
    grant::{Account, Grant, GrantStatus, Operation, User},
    session::{Link, Opening, Progress, Session, Terms},
};
use serde_json::json;

use crate::{ApiKey, AuditEntry, Connect, Depart, Event, Notes, OnceRequest, Store};

pub(super) async fn seed(store: &dyn Store) {
    store.apply(&[app()], &[registration()], &[], &[]).await.unwrap();
}

pub(super) async fn minted(store: &dyn Store, number: u8) -> Session {
    seed(store).await;
    mint(store, number).await
}

/// For an app that is there.
pub(super) async fn mint(store: &dyn Store, number: u8) -> Session {
    let session = session(number);
    let entry = AuditEntry { at: Timestamp(0), ..audit(&format!("mint{number}")) };
    store.mint(&session, &Digest::of(&format!("token{number}")), &entry).await.unwrap();
    session
}

/// A session that was opened.
pub(crate) async fn saved(store: &dyn Store, number: u8) -> SessionId {
    let session = minted(store, number).await.open(opening(&format!("poll{number}")), Timestamp(1)).unwrap();
    store.save_session(&session, &notes(&format!("s{number}"))).await.unwrap();
    session.id
}

/// A grant that was connected by a session of its own.
pub(super) async fn connected(store: &dyn Store, number: u8, account: &str) -> Grant {
    kept(store, number, account, None).await
}

/// A connection with tokens of its own.
pub(super) fn connecting<'a>(
    session: &'a Session,
    grant: &'a Grant,
    was: Option<GrantStatus>,
    notes: &'a Notes,
) -> Connect<'a> {
    let (sealed, untold) = (&[1], &notes.audit);
    Connect { session, grant, was, sealed, kept_from: None, waits: true, refresh_at: None, notes, untold }
}

/// The same, to be refreshed unasked then.
pub(super) async fn kept(
    store: &dyn Store,
    number: u8,
    account: &str,
    refresh_at: Option<Timestamp>,
) -> Grant {
    let (session, grant) = (minted(store, number).await, grant(number, account));
    let noted = notes(&format!("c{number}"));
    let connect = Connect { refresh_at, ..connecting(&session, &grant, None, &noted) };
    store.connect(&connect).await.unwrap();
    grant
}

/// A session of its own that has left for the provider.
pub(super) async fn departed(store: &dyn Store, number: u8) -> Flow {
    let session = minted(store, number).await.open(opening(&format!("poll{number}")), Timestamp(1)).unwrap();
    let session = session.depart(&"files".parse().unwrap(), Timestamp(1)).unwrap();
    let flow = flow(&session, number);
    let audit = audit(&format!("departed{number}"));
    store.depart(&Depart { session: &session, flow: &flow, audit: &audit }).await.unwrap();
    flow
}

fn flow(session: &Session, number: u8) -> Flow {
    Flow {
        state: Digest::of(&format!("state{number}")),
        browser: Digest::of("browser"),
        session: session.id.clone(),
        registration: registration().id,
        provider: registration().provider,
        sealed_verifier: vec![4],
        nonce: Some("nonce".to_owned()),
        issuer: None,
        iss_promised: false,
        scopes: vec!["read".to_owned()],
        parameters: [("shop".to_owned(), "acme".to_owned())].into(),
        kept: Default::default(),
        granted_scopes: None,
        departed_at: Timestamp(1),
        expires_at: Timestamp(600_000),
    }
}

struct Numbered(u8);

impl Entropy for Numbered {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

pub(super) fn app_id() -> AppId {
    "acme".parse().unwrap()
}

pub(super) fn app() -> App {
    App {
        id: app_id(),
        name: "Acme".to_owned(),
        website_url: None,
        return_origins: Vec::new(),
        identity: None,
    }
}

pub(super) fn registration() -> Registration {
    Registration {
        id: "acme.files".parse().unwrap(),
        app: app_id(),
        provider: "files".parse().unwrap(),
        client_id: "client".to_owned(),
        sealed_secret: None,
        sealed_parameters: Some(vec![9]),
        scopes: vec!["read".to_owned()],
        allowed_scopes: Vec::new(),
    }
}

pub(super) fn api_key(id: &str, created_at: i64) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        app: app_id(),
        name: "backend".to_owned(),
        digest: Digest::of(id),
        scopes: [KeyScope::Mint].into(),
        created_at: Timestamp(created_at),
        expires_at: None,
        revoked_at: None,
    }
}

pub(super) fn once_request(owner: &str, asked: &str) -> OnceRequest {
    OnceRequest { app: app_id(), key: Digest::of("key"), asked: Digest::of(asked), owner: owner.to_owned() }
}

pub(super) fn user() -> User {
    User { id: "u1".to_owned(), email: None, name: None }
}

pub(super) fn session(number: u8) -> Session {
    let origin: Origin = "https://app.test".parse().unwrap();
    Session {
        id: SessionId::random(&Numbered(number)),
        app: app_id(),
        terms: Terms {
            providers: vec!["files".parse().unwrap()],
            allowed_origin: origin,
            return_url: None,
            user: user(),
            scopes: Default::default(),
            parameters: Default::default(),
            grant_id: None,
            switch_account: false,
            multiple: false,
            link: Link::Off,
            locale: None,
            theme: None,
            metadata: Default::default(),
        },
        opening: None,
        departed: false,
        progress: Progress::Choosing,
        connections: Vec::new(),
        created_at: Timestamp(0),
        expires_at: Timestamp(600_000),
        version: 1,
    }
}

pub(super) fn opening(poll: &str) -> Opening {
    Opening {
        browser: Digest::of("browser"),
        mode: Mode::Popup,
        bound: true,
        poll: Some(Digest::of(poll)),
        return_to: None,
    }
}

pub(super) fn grant(number: u8, account: &str) -> Grant {
    Grant {
        id: GrantId::random(&Numbered(number)),
        app: app_id(),
        user: user(),
        provider: "files".parse().unwrap(),
        registration: registration().id,
        account: Account { id: Some(account.to_owned()), ..Account::default() },
        parameters: Default::default(),
        scopes: vec!["read".to_owned()],
        scopes_missing: Vec::new(),
        status: GrantStatus::Active,
        operation: Operation::Creation,
        metadata: Default::default(),
        created_at: Timestamp(i64::from(number)),
        updated_at: Timestamp(i64::from(number)),
    }
}

pub(super) fn audit(id: &str) -> AuditEntry {
    AuditEntry {
        id: id.to_owned(),
        app: app_id(),
        at: Timestamp(2),
        action: "test.did".to_owned(),
        subject: "x".to_owned(),
        detail: json!({}),
    }
}

pub(super) fn notes(id: &str) -> Notes {
    Notes { audit: audit(id), event: None }
}

pub(super) fn event(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        app: app_id(),
        kind: "grant.created".to_owned(),
        body: json!({"a": 1}),
        created_at: Timestamp(3),
    }
}
