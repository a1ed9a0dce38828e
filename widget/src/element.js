/**
 * `<grantway-connect base-url="…" token-url="…">`: opens Connect when a button or form inside it is
 * pressed. It has no look of its own; without content it makes a plain button.
 *
 * Without `token-url`, which is posted to and answers `{"session_token": …}`, set the property `token` as for
 * `open()`; a form inside it that carries its own `session` works without JavaScript, too.
 *
 * Dispatches `success` ({connection, connections, late}), `error` (the error), `exit` ({stage, provider})
 * and `event` ({name, …}) as details of events that don't bubble.
 */
import Grantway from './index.js';
import { explain } from './explain.js';
import { served } from './served.js';

const DETAILS = {
  success: (connection, connections, { late }) => ({ connection, connections, late: Boolean(late) }),
  error: (error) => error,
  exit: (exit) => exit,
  event: (name, about) => ({ name, ...about }),
};

const mintAt = async (url) => {
  const answer = await fetch(url, { method: 'post' });
  if (!answer.ok) throw Error(`${url} answered ${answer.status}`);
  return (await answer.json()).session_token;
};

// Server renderers import this file, too.
const Base = globalThis.HTMLElement ?? class {};

export class GrantwayConnect extends Base {
  static observedAttributes = ['base-url'];

  #token;
  #grantway;
  #listening = false;

  /** As for `open()`: a string, a promise of one, or a function that mints one. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
  }

  // Frameworks take elements out and put them in again, and set attributes after that: all in one task.
  connectedCallback() {
    queueMicrotask(() => this.isConnected && this.#begin());
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#end());
  }

  /** A framework may bind the address long after it put the element in. */
  attributeChangedCallback() {
    if (this.isConnected) this.#begin();
  }

  #begin() {
    const baseURL = this.getAttribute('base-url') ?? served;
    if (this.#grantway || !baseURL) return;
    const debug = this.hasAttribute('debug') ? explain : undefined;
    this.#grantway = Grantway.create({ baseURL, debug });
    // Set before this class was there, it hides the accessor.
    if (this.hasOwnProperty('token')) {
      this.#token = this.token;
      delete this.token;
    }
    // A redirect's result waits for the page's own scripts, which may still have to listen.
    if (document.readyState === 'complete') this.#listen();
    else addEventListener('load', this.#listen, { once: true });
    if (!this.firstElementChild) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = this.textContent.trim() || 'Connect an account';
      this.replaceChildren(button);
    }
    this.addEventListener('click', this);
    this.addEventListener('submit', this);
  }

  #listen = () => {
    if (this.#listening || !this.#grantway) return;
    this.#listening = true;
    for (const kind in DETAILS) {
      this.#grantway.on(kind, (...args) => {
        this.dispatchEvent(new CustomEvent(kind, { detail: DETAILS[kind](...args) }));
      });
    }
  };

  #end() {
    this.removeEventListener('click', this);
    this.removeEventListener('submit', this);
    removeEventListener('load', this.#listen);
    this.#grantway?.destroy();
    this.#grantway = undefined;
    this.#listening = false;
  }

  /** @param {Event} event */
  handleEvent(event) {
    const { target, type } = event;
    const around = target.closest('form');
    const form = this.contains(around) ? around : null;
    // A form's button is followed by its submit.
    if (type === 'click' && (form || !target.closest('button, a, [role=button]'))) return;
    event.preventDefault();
    this.#listen();
    const url = this.getAttribute('token-url');
    const token = this.token ?? (url ? () => mintAt(url) : form?.elements.session?.value);
    this.#grantway.open({
      token,
      mode: this.getAttribute('mode') ?? undefined,
      stayIfBlocked: this.hasAttribute('stay-if-blocked'),
    });
  }
}

if (globalThis.customElements && !customElements.get('grantway-connect')) {
  customElements.define('grantway-connect', GrantwayConnect);
}
