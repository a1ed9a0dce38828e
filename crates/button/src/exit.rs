//! The truthful exit: tells a closed window from one that a provider's page cut from ours.
//!
//! A page with `Cross-Origin-Opener-Policy` makes `closed` read true while the person still types
//! their password, and so does such a header of the host's own page from the start. But closing a window
//! gives the page below it the focus, and being cut from it does not: then only a hand on our page, that
//! no progress follows, is an exit.

use std::{cell::Cell, rc::Rc};

use grantway_core::session::Stage;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use crate::{attempt::Attempt, browser::Listener, pause::pause};

/// How often the window is looked at, in milliseconds.
const TICK: i32 = 500;

/// How long after the window closed the server may take to answer, and the page to get the focus.
const SETTLING: i32 = 1_000;

/// How long a hand on our page may be followed by progress in the window, in milliseconds.
const GRACE: i32 = 5_000;

/// Follows the window until it closes, and settles if nothing else has.
pub(crate) async fn watch(attempt: Rc<Attempt>) {
    let gained_focus = Rc::new(Cell::new(false));
    let gained = Rc::clone(&gained_focus);
    let hear = move |event: Event| {
        // The window's own; an element's passes here too.
        if event.event_phase() == Event::AT_TARGET {
            gained.set(true);
        }
    };
    attempt.keep(Listener::on(&gloo_utils::window(), "focus", hear));
    while !attempt.popup.is_closed() {
        gained_focus.set(false);
        pause(TICK).await;
        if attempt.is_over() {
            return;
        }
    }
    let asked = Rc::clone(&attempt);
    spawn_local(async move { asked.ask("0").await });
    pause(SETTLING).await;
    // Where there was no sign of life yet, nobody is left who could go on.
    if gained_focus.get() || attempt.stage().is_none() {
        leave_after(attempt, 0).await;
    } else {
        listen_for_a_hand(&attempt);
    }
}

fn listen_for_a_hand(attempt: &Rc<Attempt>) {
    for name in ["pointerdown", "keydown"] {
        let weak = Rc::downgrade(attempt);
        let hear = move |event: Event| {
            if let Some(attempt) = weak.upgrade().filter(|_| event.is_trusted()) {
                spawn_local(leave_after(attempt, GRACE));
            }
        };
        attempt.keep(Listener::on(&gloo_utils::window(), name, hear));
    }
}

/// Leaves, unless the session goes on meanwhile.
async fn leave_after(attempt: Rc<Attempt>, grace: i32) {
    // An exchange that is under way ends by itself, and its outcome is the truth.
    while attempt.stage() == Some(Stage::Working) && !attempt.is_over() {
        pause(TICK).await;
    }
    let stage = attempt.stage();
    pause(grace).await;
    if stage == attempt.stage() {
        attempt.leave();
    }
}
