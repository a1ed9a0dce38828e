//! The truthful exit: tells a closed window from one that a provider's page cut from ours.
//!
//! A page with `Cross-Origin-Opener-Policy` makes `closed` read true while the person still types
//! their password. Only then does the rule wait for a hand on our own page.

use std::{cell::Cell, rc::Rc};

use grantway_core::{Code, message::Told, session::Stage};
use web_sys::Event;

use crate::{
    attempt::Attempt,
    browser::{Listener, has_focus},
    pause::{now, pause},
    wire::Unread,
};

/// How often the window is looked at, in milliseconds.
const TICK: i32 = 500;

/// How long a hand on our page may be followed by progress in the window, in milliseconds.
const GRACE: f64 = 5_000.0;

/// How long an exchange may take that was under way when the window closed, in ticks.
const EXCHANGE_TICKS: usize = 120;

/// Follows the window until it closes, and settles if nothing else has.
pub(crate) async fn watch(attempt: Rc<Attempt>) {
    while !attempt.popup.is_closed() {
        pause(TICK).await;
        if attempt.is_over() {
            return;
        }
    }
    if !attempt.is_posted() {
        attempt.leave(Told::Exit);
        return;
    }
    let was_heard_of = attempt.stage().is_some();
    let mut seen = look_twice(&attempt).await;
    // The window of a page with that header of its own is cut at once, before its first sign of life.
    let is_cut_by_us = !was_heard_of && attempt.stage().is_some();
    if (attempt.stage() == Some(Stage::AtProvider) || is_cut_by_us) && !gains_focus(&attempt).await {
        wait_for_a_hand(&attempt).await;
        seen = look_twice(&attempt).await;
    }
    wait_for_the_exchange(&attempt).await;
    if attempt.is_over() {
        return;
    }
    match seen {
        Err(Unread::Offline) => attempt.leave(Told::Error { error: Code::NetworkError.into() }),
        Ok(()) | Err(Unread::Unknown) => attempt.leave(attempt.told_if_left()),
    }
}

/// The post may still be on its way when the window closes.
async fn look_twice(attempt: &Attempt) -> Result<(), Unread> {
    if attempt.is_over() {
        return Ok(());
    }
    match attempt.look().await {
        Ok(()) => Ok(()),
        Err(_) => {
            pause(TICK).await;
            attempt.look().await
        }
    }
}

/// Closing a window gives the page below it the focus; being cut from it does not.
async fn gains_focus(attempt: &Attempt) -> bool {
    for _ in 0..2 {
        if has_focus() || attempt.is_over() {
            return true;
        }
        pause(TICK / 2).await;
    }
    has_focus()
}

/// Waits for a person's pointer or key on this page that no progress follows.
async fn wait_for_a_hand(attempt: &Attempt) {
    let touched_at = Rc::new(Cell::new(None));
    let window = gloo_utils::window();
    let hear = || {
        let touched_at = Rc::clone(&touched_at);
        move |event: Event| {
            if event.is_trusted() {
                touched_at.set(Some(now()));
            }
        }
    };
    let _listeners = [Listener::on(&window, "pointerdown", hear()), Listener::on(&window, "keydown", hear())];
    // The first touch counts: who goes on using the page must not put the exit off.
    let mut first = None;
    while !attempt.is_over() {
        first = first.or(touched_at.take()).filter(|touched| attempt.moved_at() <= *touched);
        if first.is_some_and(|touched| now() - touched >= GRACE) {
            return;
        }
        pause(TICK).await;
    }
}

/// An exchange that is under way ends by itself, and its outcome is the truth.
async fn wait_for_the_exchange(attempt: &Attempt) {
    for _ in 0..EXCHANGE_TICKS {
        if attempt.is_over() || attempt.stage() != Some(Stage::Working) {
            return;
        }
        pause(TICK).await;
    }
}
