/** Can the checker fail? A sound little run, and each way to spoil it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { figures, violations } from './checker.js';
import { jumps, schedule } from './faults.js';

/** One user connects, reads two tokens, loses the grant to a kill, connects again, revokes. */
const sound = () => ({
  history: [
    { kind: 'connect', user: 'u', session: 's1', grant: 'g', status: 200, start: 1000, end: 1100 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'a1', start: 1200, end: 1210 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'a2', start: 5000, end: 5080 },
    { kind: 'connect', user: 'u', session: 's0', status: 0, code: 'session: no end', start: 31_500, end: 41_500 },
    { kind: 'connect', user: 'u', session: 's2', grant: 'g', status: 200, start: 91_000, end: 91_100 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'b1', start: 91_200, end: 91_210 },
    { kind: 'revoke', grant: 'g', status: 200, start: 92_000, end: 92_050 },
    { kind: 'connect', user: 'u', session: 's3', grant: 'g', status: 200, start: 93_000, end: 93_100 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'c1', start: 93_200, end: 93_210 },
  ],
  ledger: [
    { grant_type: 'authorization_code', code: 'k1', family: 'A', gave: { access_token: 'a1', refresh_token: 'r1' }, at: 1050, ended_at: 1060, status: 200 },
    { grant_type: 'refresh_token', refresh_token: 'r1', family: 'A', gave: { access_token: 'a2', refresh_token: 'r2' }, at: 5010, ended_at: 5070, status: 200 },
    { grant_type: 'refresh_token', refresh_token: 'r2', family: 'A', gave: { access_token: 'a3', refresh_token: 'r3' }, at: 30_000 },
    { grant_type: 'authorization_code', code: 'k2', family: 'B', gave: { access_token: 'b1', refresh_token: 's1' }, at: 91_050, ended_at: 91_060, status: 200 },
    { grant_type: 'authorization_code', code: 'k3', family: 'C', gave: { access_token: 'c1', refresh_token: 't1' }, at: 93_050, ended_at: 93_060, status: 200 },
  ],
  living_families: ['A', 'C'],
  audit: [
    { at: 1090, action: 'grant.created', subject: 'g', detail: { session_id: 's1' } },
    { at: 1205, action: 'token.read', subject: 'g', detail: {} },
    { at: 5075, action: 'token.read', subject: 'g', detail: {} },
    { at: 90_000, action: 'grant.needs_reauth', subject: 'g', detail: { reason: 'outcome_unknown', attempt_age: 60 } },
    { at: 91_090, action: 'grant.recovered', subject: 'g', detail: { session_id: 's2' } },
    { at: 91_205, action: 'token.read', subject: 'g', detail: {} },
    { at: 92_040, action: 'grant.revoked', subject: 'g', detail: {} },
    { at: 92_060, action: 'grant.provider_told', subject: 'g', detail: {} },
    { at: 93_090, action: 'grant.recovered', subject: 'g', detail: { session_id: 's3' } },
    { at: 93_205, action: 'token.read', subject: 'g', detail: {} },
  ],
  outbox: ['grant.created', 'grant.needs_reauth', 'grant.recovered', 'grant.revoked', 'grant.recovered']
    .map((kind, number) => ({ id: `e${number}`, kind, grant_id: 'g' })),
  polled: ['e0', 'e1', 'e2', 'e3', 'e4'],
  received: ['e0', 'e1', 'e1', 'e3', 'e2', 'e4'].map((id, number) => ({ id, at: 95_000 + number, said: 95_000 })),
  grants: [{ id: 'g', status: 'active', account: 'u-1001' }],
  causes: [{ kind: 'kill', from: 30_020 }],
  outages: [],
  troubles: [{ kind: 'kill', from: 30_020, to: 31_000 }],
  jumps: [{ at: 20_000, servers: [0], ahead: 3000 }],
});

const broken = (run) => Object.entries(violations(run)).filter(([, list]) => list.length).map(([name]) => name);

test('a sound run breaks no rule, and its figures say what happened', () => {
  const run = sound();

  assert.deepEqual(violations(run), Object.fromEntries(Object.keys(violations(run)).map((name) => [name, []])));
  const told = figures(run);
  assert.deepEqual(
    [told.refreshes, told['spends per refresh token'], told['refreshes whose answer nobody took'], told['grants to connect again, by cause']],
    [2, 1, 1, '1 × kill'],
  );
});

for (const [what, rule, spoil] of [
  ['a connection that is gone', 'acknowledged connections lost', (run) => { run.grants = []; }],
  ['a grant that gives no token in the end', 'acknowledged connections lost', (run) => { run.history.push({ kind: 'token', grant: 'g', status: 500, start: 94_000, end: 94_001 }); }],
  ['a refresh token that comes twice', 'refresh tokens sent twice', (run) => { run.ledger.push({ ...run.ledger[1], at: 6000, ended_at: 6001 }); }],
  ['two refreshes at once', 'refresh tokens sent twice', (run) => { run.ledger[1].ended_at = 30_001; }],
  ['a code that comes twice', 'codes sent twice', (run) => { run.ledger.push({ ...run.ledger[0] }); }],
  ['a session that connects twice', 'codes sent twice', (run) => { run.audit[4].detail.session_id = 's1'; }],
  ['a token after the revocation', 'tokens after an acknowledged revocation', (run) => { run.history.push({ kind: 'token', grant: 'g', status: 200, start: 92_100, end: 92_101 }); }],
  ['a token that was under way for too long', 'tokens after an acknowledged revocation', (run) => { run.history.push({ kind: 'token', grant: 'g', status: 200, start: 92_010, end: 92_500 }); }],
  ['revoked tokens that live on', 'tokens after an acknowledged revocation', (run) => { run.living_families.push('B'); }],
  ['revoked tokens that live on with nobody to take their place', 'tokens after an acknowledged revocation', (run) => {
    run.audit = run.audit.filter(({ at, action }) => at < 93_000 && action !== 'grant.provider_told');
    run.living_families.push('B');
  }],
  ['a lost grant and no kill', 'grants lost without cause', (run) => { run.causes = []; }],
  ['a lost grant and a kill at another time', 'grants lost without cause', (run) => { run.causes[0].from = 20_000; }],
  ['a lost grant whose last token was told', 'grants lost without cause', (run) => { run.history[2].access_token = 'a3'; }],
  ['a lost grant while the database was away', 'grants lost without cause', (run) => { run.causes = []; run.outages = [{ from: 29_900, to: 32_000 }]; }],
  ['a grant that the provider refused', 'grants lost without cause', (run) => { run.audit[3].detail = { reason: 'invalid_grant' }; }],
  ['a refused refresh token', 'refusals by the provider', (run) => { run.ledger.push({ grant_type: 'refresh_token', refresh_token: 'x', family: 'A', error: 'invalid_grant', at: 8000, ended_at: 8001 }); }],
  ['another grant for the same account', 'grant ids changed', (run) => { run.history[4].grant = 'h'; }],
  ['an event that is missing', 'rows or events missing', (run) => { run.outbox.pop(); }],
  ['a change that has two rows', 'rows or events missing', (run) => { run.audit.splice(7, 0, run.audit[6]); run.outbox.push({ kind: 'grant.revoked', grant_id: 'g' }); }],
  ['a change without a row', 'rows or events missing', (run) => { run.grants[0].status = 'revoked'; }],
  ['an answer of our own failure', 'answers that nobody should get', (run) => { run.history.unshift({ kind: 'token', grant: 'g', status: 500, start: 1150, end: 1151 }); }],
  ['refreshes that follow each other at once', 'refresh storms', (run) => { run.ledger.splice(2, 0, ...[1, 2, 3, 4].map((n) => ({ ...run.ledger[1], refresh_token: `x${n}`, at: 6000 + n * 400, ended_at: 6001 + n * 400 }))); }],
  ['a connection that failed while all was well', 'connections refused without cause', (run) => { run.troubles = []; }],
  ['a connection that failed long after a fault', 'connections refused without cause', (run) => { run.history[3].start = 33_500; }],
  ['a row by another clock, an hour behind', 'moments gone back', (run) => { run.audit[4].at -= 3_600_000; }],
  ['a row by another clock, an hour ahead', 'moments gone back', (run) => { run.audit[2].at += 3_600_000; }],
  ['an acknowledged connection without a row', 'changes told without a row', (run) => { run.audit[4].detail.session_id = 's9'; }],
  ['an acknowledged revocation without a row', 'changes told without a row', (run) => { run.audit.splice(6, 1); }],
  ['a row of an earlier revocation', 'changes told without a row', (run) => { run.history.push({ kind: 'revoke', grant: 'g', status: 200, start: 94_000, end: 94_050 }); }],
  ['an event that the poller missed', 'events missed', (run) => { run.polled.splice(2, 1); }],
  ['an event that the poller heard twice', 'events missed', (run) => { run.polled.push('e4'); }],
  ['events that were polled in another order', 'events missed', (run) => { run.polled.reverse(); }],
  ['an event that was not delivered', 'events missed', (run) => { run.received.splice(4, 1); }],
  ['a webhook that its receiver would refuse', 'events missed', (run) => { run.received[0].said += 3_600_000; }],
  ['a token without a row', 'rows or events missing', (run) => { run.audit.splice(1, 1); }],
]) {
  test(`the checker finds ${what}`, () => {
    const run = sound();

    spoil(run);

    assert.ok(broken(run).includes(rule), `it found ${broken(run)}`);
  });
}

test('a provider is not told of a grant that was connected again before', () => {
  const run = sound();
  run.audit = run.audit.filter(({ action }) => action !== 'grant.provider_told');
  run.living_families.push('B');

  assert.deepEqual(broken(run), []);
});

test('a revocation is asked about the connection that it ended', () => {
  const run = sound();
  run.history = run.history.filter(({ access_token }) => access_token !== 'c1');
  run.history.push({ kind: 'revoke', grant: 'g', status: 200, start: 94_000, end: 94_050 });
  run.audit = run.audit.filter(({ action }) => action !== 'grant.provider_told');
  run.audit.push({ at: 94_040, action: 'grant.revoked', subject: 'g', detail: {} });
  run.living_families.push('B');

  assert.deepEqual(violations(run)['tokens after an acknowledged revocation'], []);
});

test('a machine that stalls for a moment makes no storm', () => {
  const run = sound();
  run.ledger.splice(2, 0, ...[1, 2, 3].map((n) => ({ ...run.ledger[1], refresh_token: `x${n}`, at: 6000 + n * 400, ended_at: 6001 + n * 400 })));

  assert.deepEqual(broken(run), []);
});

test('a seed is a schedule, of faults and of jumps', () => {
  for (const plan of [schedule, jumps]) {
    assert.deepEqual(plan(7, 60, 2), plan(7, 60, 2));
    assert.notDeepEqual(plan(7, 60, 2), plan(8, 60, 2));
  }
});

test('clocks jump ahead and behind, by up to an hour, one or all', () => {
  const all = jumps(7, 60, 2);

  const far = (direction) => all.filter(({ ahead }) => ahead * direction > 1800 && ahead * direction <= 3600).length;
  assert.ok(far(1) > 3 && far(-1) > 3, `${far(1)} ahead, ${far(-1)} behind`);
  assert.deepEqual(new Set(all.map(({ servers }) => servers.join())), new Set(['0', '1', '0,1']));
});
