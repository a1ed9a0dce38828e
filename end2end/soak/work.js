/** The app's backend: many callers at once, and what each of them was told. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { send } from '../http.js';
import { connect } from './person.js';
import { between, chance, pick } from './random.js';

/** The provider's ledger names secrets the same way. */
const digest = (secret) => createHash('sha256').update(secret).digest('hex').slice(0, 12);

const ACTIONS = { token: 90, leave: 10, revoke: 1.5 };
/** Longer than a refresh takes, shorter than a lease of a server that died. */
const PATIENCE = 3000;
/** How long a connection takes at most, in ms. */
const CONNECTED_WITHIN = 10_000;

export class Backend {
  /** Everything that was told, in order of its end. */
  history = [];
  #key;
  #servers;
  /** Which of them are there; a load balancer would know. */
  #isUp;

  /**
   * @param {string} key
   * @param {string[]} servers their addresses
   */
  constructor(key, servers) {
    this.#key = key;
    this.#servers = servers;
    this.#isUp = new Map(servers.map((server) => [server, true]));
  }

  mark(server, isUp) {
    this.#isUp.set(server, isUp);
  }

  /** A server that is up, if any is. */
  server(next) {
    const up = this.#servers.filter((server) => this.#isUp.get(server));
    return pick(next, up.length ? up : this.#servers);
  }

  /** One call, and its line of the history. */
  async #told(kind, about, ask) {
    const line = { kind, ...about, start: Date.now(), status: 0 };
    try {
      const answer = await ask();
      Object.assign(line, { status: answer.status, code: answer.json?.code });
      if (answer.json?.access_token) line.access_token = digest(answer.json.access_token);
      return answer;
    } catch (error) {
      line.code = error.message.includes('did not answer in') ? 'left' : 'cut';
      return { status: 0 };
    } finally {
      this.history.push({ ...line, end: Date.now() });
    }
  }

  #call(next, path, options = {}) {
    const headers = { authorization: `Bearer ${this.#key}` };
    return send(this.server(next) + path, { timeout: PATIENCE, ...options, headers });
  }

  token(next, user, timeout) {
    const { grant } = user;
    return this.#told('token', { grant }, () => this.#call(next, `/v1/grants/${grant}/token`, { method: 'POST', timeout }));
  }

  revoke(next, user) {
    const { grant } = user;
    return this.#told('revoke', { grant }, () => this.#call(next, `/v1/grants/${grant}`, { method: 'DELETE', timeout: 30_000 }));
  }

  /** Events after a place, or nothing while no server answers. */
  async events(next, place) {
    const answer = await this.#call(next, `/v1/events?limit=200&after=${place}`).catch(() => undefined);
    return answer?.status === 200 ? answer.json : undefined;
  }

  /** Connects, or connects again; true when the user's session tells success. */
  async connect(next, user) {
    const line = { kind: 'connect', user: user.id, start: Date.now(), status: 0 };
    try {
      const minted = await this.#call(next, '/v1/connect/sessions', { json: { user: { id: user.id } } });
      if (minted.status !== 201) throw new Error(`mint: ${minted.status}`);
      line.session = minted.json.session_id;
      await connect(() => this.server(next), minted.json.session_token);
      line.grant = await this.#connected(next, minted.json.session_id);
      line.status = 200;
      user.grant = line.grant;
      return true;
    } catch (error) {
      line.code = error.message;
      return false;
    } finally {
      this.history.push({ ...line, end: Date.now() });
    }
  }

  async #connected(next, session) {
    const deadline = Date.now() + CONNECTED_WITHIN;
    while (Date.now() < deadline) {
      const shown = await this.#call(next, `/v1/connect/sessions/${session}`).catch(() => undefined);
      const result = shown?.json?.result;
      if (result?.status === 'success') return result.connection.grant_id;
      if (result && result.status !== 'pending') throw new Error(`session: ${result.status}`);
      if (shown?.json?.stage === 'troubled') throw new Error('session: troubled');
      await sleep(100);
    }
    throw new Error('session: no end');
  }
}

/**
 * One caller, until told to stop.
 * @param {{ backend: Backend, users: any[], seed: number, signal: AbortSignal }} work
 */
export async function worker({ backend, users, seed, signal }) {
  const next = chance(seed);
  while (!signal.aborted) {
    const ready = users.filter((user) => user.grant && user.rests_until < Date.now());
    if (ready.length) await step(backend, pick(next, ready), next);
    await sleep(between(next, 10, 60));
  }
}

async function step(backend, user, next) {
  const action = pick(next, ACTIONS);
  if (action === 'leave') return void await backend.token(next, user, between(next, 2, 120));
  if (action === 'token') {
    const { status, json } = await backend.token(next, user);
    if (json?.code === 'credential_revoked') await again(backend, user, next);
    if (status === 0) user.rests_until = Date.now() + 5000;
    return undefined;
  }
  if (user.busy) return undefined;
  user.busy = true;
  // Twice at once: one change, whoever is first.
  await Promise.all([backend.revoke(next, user), backend.revoke(next, user)]);
  user.busy = false;
  return undefined;
}

/** One caller alone lets the user connect again. */
async function again(backend, user, next) {
  if (user.busy) return;
  user.busy = true;
  await backend.connect(next, user);
  user.busy = false;
}
