/** The app's two ears: a receiver of webhooks, and a poller of `GET /v1/events`. What each of them hears must be all. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { HOOKS } from './parts.js';
import { chance } from './random.js';

/** Between two questions that brought nothing, in ms. */
const PAUSE = 100;

/** Takes every webhook. `received` has the event's id, when it came, and when it says that it was sent. */
export class Receiver {
  received = [];
  #server = createServer((req, res) => {
    const { 'webhook-id': id, 'webhook-timestamp': said } = req.headers;
    this.received.push({ id, at: Date.now(), said: Number(said) * 1000 });
    req.resume().on('end', () => res.writeHead(204).end());
  });

  start() {
    return new Promise((resolve) => this.#server.listen(Number(new URL(HOOKS).port), '127.0.0.1', resolve));
  }

  stop() {
    this.#server.close().closeAllConnections();
  }
}

/**
 * Asks whichever server is up, keeps its place and never goes back, until told to stop and there is no more.
 * @param {{ backend: import('./work.js').Backend, signal: AbortSignal }} work
 * @returns {Promise<string[]>} the events' ids, as they came
 */
export async function poller({ backend, signal }) {
  const next = chance(0);
  const heard = [];
  for (let place = '0'; ;) {
    const isLast = signal.aborted;
    const page = await backend.events(next, place);
    if (page) {
      heard.push(...page.data.map(({ id }) => id));
      place = page.next;
    }
    if (page?.data.length) continue;
    if (isLast) return heard;
    await sleep(PAUSE);
  }
}
