//! One click's window, from minting to its one outcome.
//!
//! The result comes by message or by long poll, whichever is first. The rule: it settles once. After
//! an exit that a provider's page may have feigned it goes on listening, and tells a success as late.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use grantway_core::{Code, message::Told, session::Stage};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal, MessageEvent};

use crate::{
    browser::Listener,
    exit,
    opener::Popup,
    pause::{now, pause, within},
    progress::Progress,
    setup::Setup,
    wire::{self, Answer, Unread},
};

/// How long the server may hold a poll open, in seconds.
const POLL_WAIT: &str = "25";

/// How often, each a tenth of a second apart, the window is looked at before the server is asked anyway.
const PAGE_TRIES: usize = 150;

/// A poll that returns sooner than this, in milliseconds, without news is not repeated at once.
const TOO_SOON: f64 = 500.0;

/// An open window and what is known of its session.
pub(crate) struct Attempt {
    setup: Arc<Setup>,
    pub(crate) popup: Popup,
    secret: String,
    progress: RefCell<Progress>,
    posted: Cell<bool>,
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
            progress: RefCell::default(),
            posted: Cell::new(false),
            settled: Cell::new(false),
            ended: Cell::new(false),
            requests: AbortController::new().ok(),
            listeners: RefCell::default(),
        });
        attempt.listen();
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

    /// Ends it for a new click: an exit, unless it was settled before.
    pub(crate) fn give_up(&self) {
        self.settle(Told::Exit);
        self.end();
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

    /// Whether the token has left for Grantway.
    pub(crate) fn is_posted(&self) -> bool {
        self.posted.get()
    }

    /// The last stage that the server told.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.progress.borrow().about.stage
    }

    /// When the stage last changed.
    pub(crate) fn moved_at(&self) -> f64 {
        self.progress.borrow().moved_at
    }

    /// What leaving now means, by the server's last word.
    pub(crate) fn told_if_left(&self) -> Told {
        self.progress.borrow().if_left.clone().unwrap_or(Told::Exit)
    }

    /// Settles with an exit, or what it means here. Where the exit may be feigned, a success is still awaited.
    pub(crate) fn leave(&self, told: Told) {
        let may_still_succeed = matches!(self.stage(), Some(Stage::AtProvider | Stage::Working));
        self.settle(told);
        if !may_still_succeed {
            self.end();
        }
    }

    /// Asks the server once, without waiting, and takes in what it says.
    pub(crate) async fn look(&self) -> Result<(), Unread> {
        let answer = within(1_500, self.ask("0")).await.unwrap_or(Err(Unread::Offline))?;
        self.hear(answer);
        Ok(())
    }

    async fn run(self: Rc<Self>) {
        let minted = self.setup.mint().await;
        if self.is_over() {
            return;
        }
        let posted = minted.and_then(|token| self.post(&token));
        match posted {
            Ok(()) => self.posted.set(true),
            Err(told) => {
                self.popup.close();
                self.settle(told);
                self.end();
            }
        }
        self.wait_for_the_page().await;
        while !self.ended.get() {
            self.poll_once().await;
        }
    }

    /// The secret is unknown to the server until the form has arrived there.
    async fn wait_for_the_page(&self) {
        for _ in 0..PAGE_TRIES {
            if self.ended.get() || self.popup.is_closed() || self.popup.has_left() {
                return;
            }
            pause(100).await;
        }
    }

    fn post(&self, token: &str) -> Result<(), Told> {
        let fields = [("session", token), ("mode", "popup"), ("poll", &self.secret)];
        // Refused when the person took the window elsewhere while the token was minted.
        self.popup.post(&self.setup.opening_url(), &fields).map_err(|_| Told::Exit)
    }

    async fn poll_once(&self) {
        let asked_at = now();
        match self.ask(POLL_WAIT).await {
            Ok(answer) => {
                let has_news = self.hear(answer);
                if !has_news && now() - asked_at < TOO_SOON {
                    pause(1_000).await;
                }
            }
            // The server knew it and does no longer.
            Err(Unread::Unknown) if self.stage().is_some() => {
                self.settle(Told::Error { error: Code::InvalidToken.into() });
                self.end();
            }
            Err(Unread::Unknown) => pause(1_000).await,
            Err(Unread::Offline) => pause(2_000).await,
        }
    }

    async fn ask(&self, wait: &str) -> Result<Answer, Unread> {
        let signal = self.requests.as_ref().map(AbortController::signal);
        let signal: Option<&AbortSignal> = signal.as_ref();
        wire::read(&self.setup.result_url(), &[("poll", &self.secret), ("wait", wait)], signal).await
    }

    /// Takes in what the server told; whether it was news.
    fn hear(&self, answer: Answer) -> bool {
        if self.ended.get() {
            return false;
        }
        let (events, about, has_news) = {
            let mut progress = self.progress.borrow_mut();
            let before = progress.moved_at;
            let events = progress.hear(&answer.result, now());
            progress.if_left = answer.if_left;
            (events, progress.about.clone(), before.to_bits() != progress.moved_at.to_bits())
        };
        if !self.settled.get() {
            for event in events {
                self.setup.handlers.tell(*event, &about);
            }
        }
        if answer.result.outcome != Told::Pending {
            self.settle(answer.result.outcome);
            self.end();
        }
        has_news
    }

    fn settle(&self, told: Told) {
        let about = self.progress.borrow().about.clone();
        let was_settled = self.settled.replace(true);
        match told {
            Told::Success { .. } if was_settled => self.setup.handlers.tell_late(&about),
            _ if was_settled => {}
            told => self.setup.handlers.settle(told, &about),
        }
    }

    fn end(&self) {
        self.ended.set(true);
        self.listeners.borrow_mut().clear();
        if let Some(requests) = &self.requests {
            requests.abort();
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
            let answer = if is_ours { read_message(&event) } else { None };
            if let Some(answer) = answer.filter(|answer| attempt.progress.borrow().is_about(&answer.result)) {
                attempt.hear(answer);
            }
        };
        self.listeners.borrow_mut().push(Listener::on(&gloo_utils::window(), "message", hear));
    }
}

/// What a message tells, if it is one of Grantway's.
fn read_message(event: &MessageEvent) -> Option<Answer> {
    let text = js_sys::JSON::stringify(&event.data()).ok()?.as_string()?;
    wire::parse_message(&text)
}
