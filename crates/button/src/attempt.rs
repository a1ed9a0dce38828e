//! One click's window, from minting to its one outcome.
//!
//! The result comes by message or by long poll, whichever is first. The rule: it settles once. After
//! an exit that a provider's page may have feigned it goes on listening, and tells a success as late.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use grantway_core::{message::Told, session::Stage};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, MessageEvent};

use crate::{
    browser::Listener,
    event::{EventName, Subject},
    exit,
    opener::Popup,
    pause::pause,
    policy,
    setup::Setup,
    wire::{self, Answer, Read},
};

/// How long the server may hold a poll open, in seconds.
const POLL_WAIT: &str = "25";

/// The least time between two polls, in milliseconds.
const PACE: i32 = 1_000;

/// An open window and what is known of its session.
pub(crate) struct Attempt {
    setup: Arc<Setup>,
    pub(crate) popup: Popup,
    secret: String,
    about: RefCell<Subject>,
    if_left: RefCell<Option<Told>>,
    departed_to: RefCell<Option<String>>,
    settled: Cell<bool>,
    ended: Cell<bool>,
    requests: Option<AbortController>,
    listeners: RefCell<Vec<Listener>>,
}

impl Attempt {
    /// Mints for a window that was just opened and follows it to its end.
    pub(crate) fn begin(setup: Arc<Setup>, popup: Popup, secret: String) -> Rc<Self> {
        let attempt = Rc::new(Self {
            setup,
            popup,
            secret,
            about: RefCell::default(),
            if_left: RefCell::default(),
            departed_to: RefCell::default(),
            settled: Cell::new(false),
            ended: Cell::new(false),
            requests: AbortController::new().ok(),
            listeners: RefCell::default(),
        });
        attempt.listen();
        attempt.listen_to_policies();
        spawn_local(Rc::clone(&attempt).run());
        spawn_local(exit::watch(Rc::clone(&attempt)));
        attempt
    }

    /// Shows the window again; false when there is none to show.
    pub(crate) fn bring_to_front(&self) -> bool {
        let is_open = !self.settled.get() && !self.popup.is_closed();
        if is_open {
            self.popup.focus();
        }
        is_open
    }

    /// Ends it without a word, because nobody is left to hear it.
    pub(crate) fn dispose(&self) {
        self.settled.set(true);
        self.end();
        self.popup.close();
    }

    /// Whether there is nothing left to settle.
    pub(crate) fn is_over(&self) -> bool {
        self.settled.get() || self.ended.get()
    }

    /// The last stage that the server told.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.about.borrow().stage
    }

    /// Listens until the end.
    pub(crate) fn keep(&self, listener: Listener) {
        self.listeners.borrow_mut().push(listener);
    }

    /// Settles with what leaving now means by the server's last word: an exit, unless something went wrong.
    pub(crate) fn leave(&self) {
        let told = self.if_left.borrow().clone().unwrap_or(Told::Exit);
        // Who left a window that is cut off may go on in it after all.
        let may_still_succeed = self.stage().is_some() && told == Told::Exit;
        self.popup.close();
        self.settle(told);
        if !may_still_succeed {
            self.end();
        }
    }

    /// Waits so many seconds for another stage than the one known.
    pub(crate) async fn ask(&self, wait: &str) {
        let stage = self.stage().unwrap_or(Stage::Minted).as_str();
        let fields = [("poll", self.secret.as_str()), ("wait", wait), ("stage", stage)];
        let signal = self.requests.as_ref().map(AbortController::signal);
        if let Read::Told(answer) = wire::read(&self.setup.result_url(), &fields, signal.as_ref()).await {
            self.hear(*answer);
        }
    }

    async fn run(self: Rc<Self>) {
        let minted = self.setup.mint().await;
        if self.ended.get() {
            return;
        }
        match minted {
            Ok(token) => self.post(&token),
            Err(told) => self.finish(told),
        }
        while !self.ended.get() {
            self.ask(POLL_WAIT).await;
            pause(PACE).await;
        }
    }

    fn post(&self, token: &str) {
        let fields = [("session", token), ("mode", "popup"), ("poll", &self.secret)];
        // Refused when the person took the window elsewhere while the token was minted: it is no longer
        // ours, and closing it is the exit. A policy that keeps the form back is heard of by itself.
        let _ = self.popup.post(&self.setup.opening_url(), &fields);
    }

    /// Takes in what the server told.
    fn hear(&self, answer: Answer) {
        if self.ended.get() {
            return;
        }
        if let Some(about) = answer.about {
            if about.stage == Some(Stage::AtProvider) && !self.settled.get() {
                self.tell_departure_once(&about);
            }
            self.about.replace(about);
        }
        self.if_left.replace(answer.if_left);
        if answer.outcome != Told::Pending {
            self.finish(answer.outcome);
        }
    }

    fn finish(&self, told: Told) {
        self.popup.close();
        self.settle(told);
        self.end();
    }

    fn settle(&self, told: Told) {
        let about = self.about.borrow().clone();
        let was_settled = self.settled.replace(true);
        // That stage may have been passed between two polls.
        if !was_settled {
            self.tell_departure_once(&about);
        }
        match told {
            Told::Success { connection, connections, .. } if was_settled => {
                self.setup.handlers.tell_late(*connection, connections, &about);
            }
            _ if was_settled => {}
            told => {
                self.setup.handlers.settle(told, &about);
            }
        }
    }

    /// Two requests, or a message and a request, may bring the same news.
    fn tell_departure_once(&self, about: &Subject) {
        if about.provider == *self.departed_to.borrow() {
            return;
        }
        self.departed_to.replace(about.provider.clone());
        self.setup.handlers.tell(EventName::ProviderSelected, about);
        self.setup.handlers.tell(EventName::OauthStarted, about);
    }

    fn end(&self) {
        self.ended.set(true);
        self.listeners.borrow_mut().clear();
        if let Some(requests) = &self.requests {
            requests.abort();
        }
    }

    /// The window inherits the page's policy, and reports to itself.
    fn listen_to_policies(self: &Rc<Self>) {
        for target in [&gloo_utils::window(), self.popup.window()] {
            let attempt = Rc::downgrade(self);
            let settle = move |error| {
                if let Some(attempt) = attempt.upgrade() {
                    attempt.finish(Told::Error { error });
                }
            };
            self.keep(policy::listen(target, self.setup.base(), settle));
        }
    }

    fn listen(self: &Rc<Self>) {
        let Some(origin) = self.setup.origin() else { return };
        let attempt = Rc::downgrade(self);
        let hear = move |event: web_sys::Event| {
            let Some(attempt) = attempt.upgrade() else { return };
            let event: MessageEvent = event.unchecked_into();
            let is_ours =
                event.origin() == origin && event.source().is_some_and(|source| attempt.popup.is(&source));
            if let Some(answer) = is_ours.then(|| read_message(&event)).flatten() {
                attempt.hear(answer);
            }
        };
        self.keep(Listener::on(&gloo_utils::window(), "message", hear));
    }
}

/// What a message tells, if it is one of Grantway's.
fn read_message(event: &MessageEvent) -> Option<Answer> {
    let text = js_sys::JSON::stringify(&event.data()).ok()?.as_string()?;
    wire::parse_message(&text)
}
