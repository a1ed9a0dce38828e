/**
 * Many callers, two servers on one Postgres (or one on SQLite), a provider that ends a grant whose refresh token comes twice, and
 * faults: servers killed, drained, the database crashed, answers cut off, callers that leave, wall clocks that jump.
 * Then the accounts of it are joined.
 *
 *     npm run soak -- --seconds 30 --seed 7 --users 16 --workers 32 --store postgres
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { LOGS } from '../config.js';
import { send } from '../http.js';
import { counted, figures, violations } from './checker.js';
import { goWrong, jumps, schedule } from './faults.js';
import { Receiver, poller } from './hearing.js';
import { OIDC, startParts } from './parts.js';
import { Postgres } from './postgres.js';
import { chance } from './random.js';
import { Sqlite } from './sqlite.js';
import { Backend, worker } from './work.js';

/** Fresh for a second: Grantway refreshes a token that has less than a minute. */
const TOKEN_SECONDS = 61;
/** How long a provider may take to hear of the last revocations, the app of the last events, in ms. */
const TOLD_WITHIN = 30_000;
/** Between a refresh's deed and its answer, in ms: when a kill hurts most. */
const ANSWER_AFTER = 60;

const { values } = parseArgs({ options: {
  seconds: { type: 'string', default: '25' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  users: { type: 'string', default: '16' },
  workers: { type: 'string', default: '32' },
  store: { type: 'string', default: 'postgres' },
} });
const [seconds, seed, people, workers] = ['seconds', 'seed', 'users', 'workers'].map((name) => Number(values[name]));
const store = values.store === 'sqlite' ? new Sqlite() : new Postgres();
const plan = { faults: schedule(seed, seconds, store.servers), jumps: store.tellsTime ? jumps(seed, seconds, store.servers) : [] };
console.log(`seed ${seed}: ${seconds} s, ${people} users, ${workers} callers, ${store.servers} servers on ${values.store}; ${counted(plan.faults, ({ kind }) => kind)}`);

process.once('exit', () => store.kill());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

await store.start();
const receiver = new Receiver();
await receiver.start();
const parts = await startParts(store);
const backend = new Backend(parts.key, parts.addresses);
const users = Array.from({ length: people }, (_, number) => ({ id: `user-${number + 1}`, rests_until: 0 }));
const world = { ...parts, backend, store, causes: [], outages: [], troubles: [] };

await send(`${OIDC}/__settings`, { json: { access_token_ttl: TOKEN_SECONDS, answer_after: ANSWER_AFTER } });
for (const user of users) if (!(await backend.connect(chance(seed), user))) throw new Error(`no first connection: ${JSON.stringify(backend.history.at(-1))}`);

const [stop, end] = [new AbortController(), new AbortController()];
const polling = poller({ backend, signal: end.signal });
const working = Array.from({ length: workers }, (_, number) => worker({ backend, users, seed: seed * 1000 + number, signal: stop.signal }));
await goWrong(plan, world);
stop.abort();
await Promise.all(working);
await settle();
end.abort();
const polled = await polling;

const run = await accounts();
writeFileSync(join(LOGS, `soak-${seed}.json`), JSON.stringify({ seed, seconds, people, workers, plan, ...run }));
await Promise.all(parts.servers.map((server) => server.end('SIGTERM')));
await parts.provider.end('SIGTERM');
await store.remove();
receiver.stop();
parts.remove();
process.exitCode = report(run) ? 0 : 1;

/**
 * The end of all leases: both servers die, and two minutes pass for the database. Then everybody who has to
 * connects again, and every grant must give a token.
 */
async function settle() {
  for (const server of parts.servers) world.causes.push({ kind: 'kill', from: await server.end('SIGKILL') });
  store.run('update credentials set lease_until = lease_until - 120000, attempt_at = attempt_at - 120000');
  store.run('update pending_revocations set next_at = 0');
  store.run('update deliveries set claimed_until = 0 where claimed_until is not null');
  const shift = Date.now();
  await Promise.all(parts.servers.map((server) => server.start()));
  world.shifted = shift;
  parts.addresses.forEach((server) => backend.mark(server, true));
  const next = chance(seed);
  for (const user of users) {
    if ((await backend.token(next, user, 30_000)).status === 200) continue;
    await backend.connect(next, user);
    await backend.token(next, user, 30_000);
  }
  const waiting = () => store.rows('select 1 as one from pending_revocations union all select 1 from deliveries where next_at is not null').length;
  for (const until = Date.now() + TOLD_WITHIN; waiting() && Date.now() < until;) await sleep(200);
}

async function accounts() {
  const { token_requests, living_families } = (await send(`${OIDC}/__ledger`, { timeout: 60_000 })).json;
  const read = (query) => store.rows(query).map(({ body, ...row }) => ({ ...row, body: JSON.parse(body) }));
  const audit = read(`select at, action, subject, detail as body from audit order by ${store.order}`).map(({ body, ...row }) => ({ ...row, detail: body }));
  // Two minutes passed for the attempts alone: what was found out after it is so much younger than it says.
  for (const { at, detail } of audit) if (at >= world.shifted && detail.attempt_age !== undefined) detail.attempt_age -= 120;
  return {
    history: backend.history.sort((a, b) => a.end - b.end),
    ledger: token_requests,
    living_families,
    audit,
    outbox: read('select id, kind, body from outbox order by position').map(({ body, ...event }) => ({ ...event, grant_id: body.grant_id })),
    grants: read('select id, status, body from grants').map(({ body, ...grant }) => ({ ...grant, account: body.account.id })),
    causes: world.causes,
    outages: world.outages,
    troubles: world.troubles,
    jumps: plan.jumps,
    polled,
    received: receiver.received,
  };
}

/** Prints figures and violations; true when there are none of these. */
function report(told) {
  for (const [name, figure] of Object.entries(figures(told))) console.log(`  ${name}: ${figure}`);
  const broken = violations(told);
  for (const [name, list] of Object.entries(broken)) console.log(`  ${name}: ${list.length}`);
  for (const line of Object.values(broken).flat()) console.error(`violation: ${line}`);
  const isSound = Object.values(broken).flat().length === 0;
  console.log(isSound ? 'sound' : `not sound; again by: npm run soak -- --seconds ${seconds} --seed ${seed} --store ${values.store}`);
  return isSound;
}
