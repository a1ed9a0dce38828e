/**
 * The result that a redirect came back with: one parameter of this page's URL, taken out at once.
 *
 * The code waits in the session's storage until a handler has had the result, so that a reload before
 * that loses nothing. What it stands for is read from the server; a code that the server does not know
 * gives nothing.
 */
import { pause, read } from './wire.js';

/** How often a server that is not reached is asked, in milliseconds. */
const PACE = 2000;

/** A browser may refuse storage; then a reload shows nothing, and that is all. */
let storage = {};
try {
  storage = sessionStorage;
} catch {}

/** What there was to forget, here and on the server: of several instances on a page only one tells it. */
export const forget = (base) => {
  const code = storage.grantway;
  delete storage.grantway;
  return code && read(base, { code, told: 1 });
};

/**
 * @param {string} base
 * @returns {Promise<import('./wire.js').Told | undefined>} nothing when this page is no return
 */
export const returned = async (base) => {
  // A completion code looks different and is for the app's backend alone.
  // The server appends it last, so nothing follows that would need its separator.
  const rest = location.href.replace(/[?&]grantway=(gwr_[\w-]+)/, (_, code) => ((storage.grantway = code), ''));
  if (storage.grantway) history.replaceState(history.state, '', rest);
  for (; storage.grantway; await pause(PACE)) {
    const told = await read(base, { code: storage.grantway });
    if (told) return told.session_id ? told : delete storage.grantway;
  }
};
