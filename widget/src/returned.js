/**
 * The result that a redirect came back with: one parameter of this page's URL, taken out at once.
 *
 * The code waits in the session's storage until a handler has had the result, so that a reload before
 * that loses nothing. What it stands for is read from the server; a code that the server does not know
 * gives nothing.
 */
import { pause, read } from './wire.js';

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
  /** How often a server that is not reached is asked, in milliseconds. */
  const PACE = 2000;

  // A completion code looks different and is for the app's backend alone.
  // A page that is rendered on a server has no location.
  const rest = globalThis.location?.href.replace(
    /([?&])grantway=(gwr_[\w-]+)(&?)/,
    (_, before, code, after) => ((storage.grantway = code), after && before),
  );
  if (storage.grantway) history.replaceState(history.state, '', rest);
  for (; storage.grantway; await pause(PACE)) {
    const told = await read(base, { code: storage.grantway });
    if (told) return told.session_id ? told : delete storage.grantway;
  }
};
