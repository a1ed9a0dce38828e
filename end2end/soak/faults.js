/**
 * What goes wrong, when: decided by the seed before the run. One thing at a time, each put right again. Beside it wall
 * clocks jump, which are not.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { send } from '../http.js';
import { OIDC } from './parts.js';
import { between, chance, pick } from './random.js';

const KINDS = { kill: 50, both: 8, drain: 12, database: 12, failing: 10, cut: 8 };

/**
 * @param {number} seed
 * @param {number} seconds
 * @param {number} servers how many there are
 */
export function schedule(seed, seconds, servers) {
  const next = chance(seed);
  const faults = [];
  for (let at = between(next, 300, 1500); at < seconds * 1000; at += between(next, 1000, 3500)) {
    faults.push({ at, kind: pick(next, KINDS), server: between(next, 0, servers), lasts: between(next, 50, 1500) });
  }
  return faults;
}

/** How far a wall clock may be from the true time, in seconds. */
const FARTHEST = 3600;

/**
 * When whose wall clock begins to show another time, until its next jump.
 * @param {number} seed
 * @param {number} seconds
 * @param {number} servers how many there are
 */
export function jumps(seed, seconds, servers) {
  const next = chance(~seed);
  const each = Array.from({ length: servers }, (_, server) => server);
  const choices = [...each.map((server) => [server]), each];
  const all = [];
  for (let at = between(next, 300, 1500); at < seconds * 1000; at += between(next, 500, 2000)) {
    all.push({ at, servers: pick(next, choices), ahead: between(next, -FARTHEST, FARTHEST + 1) });
  }
  return all;
}

const tellProvider = (settings) => send(`${OIDC}/__settings`, { json: settings });

/** Each does it and mends it. What it adds to `causes` are the moments that may cost an attempt its outcome. */
const DEEDS = {
  async kill({ servers, addresses, backend, causes }, { server, lasts }) {
    backend.mark(addresses[server], false);
    causes.push({ kind: 'kill', from: await servers[server].end('SIGKILL') });
    await sleep(lasts);
    await servers[server].start();
    backend.mark(addresses[server], true);
  },
  async both(world, fault) {
    await Promise.all(world.servers.map((_, server) => DEEDS.kill(world, { ...fault, server })));
  },
  async drain({ servers, addresses, backend }, { server, lasts }) {
    backend.mark(addresses[server], false);
    await servers[server].end('SIGTERM');
    await sleep(lasts);
    await servers[server].start();
    backend.mark(addresses[server], true);
  },
  async database({ store, outages }, { lasts }) {
    const outage = { from: Date.now() };
    await store.fail();
    await sleep(lasts * store.slowness);
    await store.start();
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

/** Each in its turn: what takes longer delays the next. */
async function inTurn(list, deed) {
  const began = Date.now();
  for (const one of list) {
    await sleep(Math.max(0, began + one.at - Date.now()));
    await deed(one);
  }
}

/**
 * @param {{ faults: ReturnType<typeof schedule>, jumps: ReturnType<typeof jumps> }} plan
 * @param {{ servers: any[], addresses: string[], clocks: any[], backend: any, store: any, causes: any[], outages: any[], troubles: any[] }} world
 */
export async function goWrong(plan, world) {
  const going = inTurn(plan.faults, async (fault) => {
    const from = Date.now();
    await DEEDS[fault.kind](world, fault);
    world.troubles.push({ kind: fault.kind, from, to: Date.now() });
  });
  const jumping = inTurn(plan.jumps, ({ servers, ahead }) => servers.forEach((server) => world.clocks[server].set(ahead)));
  await Promise.all([going, jumping]);
}
