/**
 * One click, from the window to its one outcome.
 *
 * The result comes by message or by long poll, whichever is first. It settles once; after an exit that a
 * provider's page may have feigned it goes on listening, and tells a success as late.
 */
import { mode as ofDevice } from './device.js';
import { openWindow, post } from './page.js';
import { pause, read } from './wire.js';

/** A failure that was found out here. Its words are its own property, as in what the server tells. */
export const failure = (code, message) => ({ status: 'error', error: Object.assign(Error(), { code, message }) });

/**
 * Opens the window, or goes. Must run in the click itself.
 *
 * @param {string} base Grantway's origin
 * @param {import('../types/index.js').OpenOptions} options
 * @param {(told: import('./wire.js').Told & { _isOpen: boolean }, late: boolean) => void} tell
 */
export const open = (base, { token, mode }, tell) => {
  const _popup = (mode || ofDevice()) === 'popup' ? openWindow() : void 0;
  // 128 bits; a form and a request both write them as text.
  const poll = crypto.getRandomValues(new Uint8Array(16));
  const stopper = new AbortController();
  const { signal } = stopper;

  /** What is known of the session, and the signal that ends its listeners and requests. */
  const attempt = {
    signal,
    if_left: { status: 'exit' },
    _isOpen: true,
    _popup,
    stage: 'minted',

    _hear(news) {
      if (signal.aborted) return;
      const late = !attempt._isOpen;
      Object.assign(attempt, news);
      if (!news.if_left) {
        _popup?.close();
        // Who left a window that is cut off may go on in it after all.
        if (news.status !== 'exit' || !attempt.session_id || news.session_id) stopper.abort();
        attempt._isOpen = false;
      }
      if (news.connection || !late) tell(attempt, late);
    },

    /** Waits so many seconds for another stage than the one known. */
    async _ask(wait) {
      const news = await read(base, { wait, stage: attempt.stage, poll }, signal);
      if (news?.session_id) attempt._hear(news);
    },
  };

  const begin = async () => {
    /** How long the app may take to mint, in milliseconds. */
    const MINT = 30000;
    /** The least time between two polls, in milliseconds. */
    const PACE = 1000;

    try {
      // In a microtask: a function that throws must not settle what nobody has been handed yet.
      const session = await Promise.race([pause(MINT), (await 0, token.call ? token() : token)]);
      if (!/^gws_/.test(session)) throw Error('No token');
      if (signal.aborted) return;
      if (_popup) post(_popup, base, { session, poll, mode: 'popup' });
      else post(window, base, { session, return_to: location.href });
      attempt._isOpen = !!_popup;
      for (; _popup && !signal.aborted; await pause(PACE)) await attempt._ask(25);
    } catch (error) {
      attempt._hear(failure('invalid_token', error?.message));
    }
  };

  addEventListener(
    'message',
    ({ source, data, origin }) => _popup === source && base === origin && attempt._hear(data),
    attempt,
  );
  begin();
  return attempt;
};
