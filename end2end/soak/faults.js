/** What goes wrong, when: decided by the seed before the run. One thing at a time, each put right again. */
import { setTimeout as sleep } from 'node:timers/promises';

import { send } from '../http.js';
import { OIDC, SERVERS } from './parts.js';
import { between, chance, pick } from './random.js';

const KINDS = { kill: 50, both: 8, drain: 12, database: 12, failing: 10, cut: 8 };

/**
 * @param {number} seed
 * @param {number} seconds
 */
export function schedule(seed, seconds) {
  const next = chance(seed);
  const faults = [];
  for (let at = between(next, 300, 1500); at < seconds * 1000; at += between(next, 1000, 3500)) {
    faults.push({ at, kind: pick(next, KINDS), server: between(next, 0, SERVERS.length), lasts: between(next, 50, 1500) });
  }
  return faults;
}

const tellProvider = (settings) => send(`${OIDC}/__settings`, { json: settings });

/** Each does it and mends it. What it adds to `causes` are the moments that may cost an attempt its outcome. */
const DEEDS = {
  async kill({ servers, backend, causes }, { server, lasts }) {
    backend.mark(SERVERS[server], false);
    causes.push({ kind: 'kill', from: await servers[server].end('SIGKILL') });
    await sleep(lasts);
    await servers[server].start();
    backend.mark(SERVERS[server], true);
  },
  async both(world, fault) {
    await Promise.all(SERVERS.map((_, server) => DEEDS.kill(world, { ...fault, server })));
  },
  async drain({ servers, backend }, { server, lasts }) {
    backend.mark(SERVERS[server], false);
    await servers[server].end('SIGTERM');
    await sleep(lasts);
    await servers[server].start();
    backend.mark(SERVERS[server], true);
  },
  async database({ postgres, outages }, { lasts }) {
    const outage = { from: Date.now() };
    await postgres.crash();
    await sleep(lasts * 2);
    await postgres.start();
    outages.push({ ...outage, to: Date.now() });
  },
  async failing(_, { lasts }) {
    await tellProvider({ failing: 503 });
    await sleep(lasts);
    await tellProvider({ failing: 0 });
  },
  async cut() {
    await tellProvider({ cuts: 1 });
  },
};

/**
 * @param {ReturnType<typeof schedule>} faults
 * @param {{ servers: any[], backend: any, postgres: any, causes: any[], outages: any[] }} world
 */
export async function goWrong(faults, world) {
  const began = Date.now();
  for (const fault of faults) {
    await sleep(Math.max(0, began + fault.at - Date.now()));
    await DEEDS[fault.kind](world, fault);
  }
}
