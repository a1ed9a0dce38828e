/**
 * The truthful exit. A page with `Cross-Origin-Opener-Policy` makes `closed` read true while the person
 * still types their password, and so does such a header of the host's own page from the start. But closing
 * a window gives the page below it the focus, and being cut from it does not: then only a hand on our page,
 * that no progress follows, is an exit.
 *
 * The constants stand where they are used: only there does the build write them as plain numbers.
 */
import { pause } from './wire.js';

/** Settles with what leaving now means by the server's last word: an exit, unless something went wrong. */
export const leave = (attempt) => attempt._hear?.(attempt.if_left);

/** Follows the window until it closes, and settles if nothing else has. */
export const watch = async (attempt) => {
  /** How often the window is looked at, in milliseconds. */
  const TICK = 500;
  /** How long after the window closed the server may take to answer, and the page to get the focus. */
  const SETTLING = 1000;
  /** How long a hand on our page may be followed by progress in the window, in milliseconds. */
  const GRACE = 5000;

  const leaveAfter = async (grace) => {
    // An exchange that is under way ends by itself, and its outcome is the truth.
    while (attempt.stage === 'working' && attempt._isOpen) await pause(TICK);
    const { stage } = attempt;
    await pause(grace);
    if (attempt.stage === stage) leave(attempt);
  };

  let gainedFocus;
  addEventListener('focus', () => (gainedFocus = 1), attempt);
  for (; !attempt._popup.closed; await pause(TICK)) gainedFocus = 0;
  attempt._ask(0);
  await pause(SETTLING);
  // Without a sign of life nobody is left who could go on.
  if (gainedFocus || !attempt.session_id) leaveAfter();
  else
    ['keydown', 'pointerdown'].map((name) =>
      addEventListener(name, ({ isTrusted }) => isTrusted && leaveAfter(GRACE), attempt),
    );
};
