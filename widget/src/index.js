/** The npm package's entry: `Grantway.create({ baseURL }).open({ token, onSuccess })`. */
import { failure, open } from './attempt.js';
import { leave, watch } from './exit.js';
import { forget, returned } from './returned.js';

/** @param {import('../types/index.js').CreateOptions} options */
const create = ({ baseURL, debug }) => {
  const base = new URL(baseURL).origin;
  const loading = returned(base);
  /** @type {Record<string, Set<Function>>} */
  let bus = {};
  /** The callbacks of the last click. */
  let own;
  /** The last click; nothing after destroy(). */
  let attempt = {};
  debug?.(attempt, base);

  /** Tells an app what is new. `late` is true or false for a click, nothing for a return. */
  const tell = (told, late) => {
    const { session_id, stage, connections, provider, error, status, _isOpen, connection } = told;
    const call = (kind, ...args) => {
      const callback = false === late && own['on' + kind[0].toUpperCase() + kind.slice(1)];
      // What a handler throws is the browser's to report, and nobody else's business.
      [callback, ...(bus[kind] || [])].map(async (handler) => handler && handler(...args));
    };
    const event = (name) => call('event', name, { time: Date.now(), session_id, stage, provider, error, late });

    // Also when that stage was passed between two polls.
    if (told._departed !== provider && (stage === 'at_provider' || !_isOpen)) {
      told._departed = provider;
      ['PROVIDER_SELECTED', 'OAUTH_STARTED'].map(event);
    }
    if (!_isOpen) {
      event(connection ? 'OAUTH_COMPLETE' : status.toUpperCase());
      call(status, connection || error || { stage, provider }, connections, { late });
    } else if (stage === 'minted') event(error ? 'ERROR' : 'OPEN');
  };

  return {
    open(options) {
      if (!attempt) throw failure('destroyed', 'Destroyed').error;
      if (!options.token) throw failure('invalid_options', 'No token').error;
      if (attempt._isOpen && !attempt._popup?.closed) return attempt._popup?.focus();
      leave(attempt);
      own = options;
      attempt = open(base, options, tell);
      tell(attempt, false);
      debug?.(attempt, base);
      if (attempt._popup) watch(attempt);
      if (attempt._popup === null) {
        const blocked = failure('popup_blocked', 'Popup blocked');
        if (options.stayIfBlocked) attempt._hear(blocked);
        else tell({ ...attempt, ...blocked }, false);
      }
    },
    close: () => leave(attempt),
    destroy() {
      own = bus = {};
      // Nobody hears it; what listens or asks ends.
      attempt._hear?.(failure());
      attempt = 0;
    },
    async on(kind, handler) {
      (bus[kind] ||= new Set()).add(handler);
      const told = await loading;
      if (bus[told?.status]?.size && forget(base)) tell(told);
    },
    off(kind, handler) {
      bus[kind]?.delete(handler);
    },
    isOpen: () => !!attempt._isOpen,
    getVersion: () => '0.1.0',
  };
};

export default { create };
