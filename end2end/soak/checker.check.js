/** Can the checker fail? A sound little run, and each way to spoil it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { figures, violations } from './checker.js';
import { schedule } from './faults.js';

/** One user connects, reads two tokens, loses the grant to a kill, connects again, revokes. */
const sound = () => ({
  history: [
    { kind: 'connect', user: 'u', grant: 'g', status: 200, start: 1000, end: 1100 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'a1', start: 1200, end: 1210 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'a2', start: 5000, end: 5080 },
    { kind: 'connect', user: 'u', grant: 'g', status: 200, start: 91_000, end: 91_100 },
    { kind: 'token', grant: 'g', status: 200, access_token: 'b1', start: 91_200, end: 91_210 },
    { kind: 'revoke', grant: 'g', status: 200, start: 92_000, end: 92_050 },
    { kind: 'connect', user: 'u', grant: 'g', status: 200, start: 93_000, end: 93_100 },
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
    { at: 93_090, action: 'grant.recovered', subject: 'g', detail: { session_id: 's3' } },
    { at: 93_205, action: 'token.read', subject: 'g', detail: {} },
  ],
  outbox: ['grant.created', 'grant.needs_reauth', 'grant.recovered', 'grant.revoked', 'grant.recovered'].map((kind) => ({ kind, grant_id: 'g' })),
  grants: [{ id: 'g', status: 'active', account: 'u-1001' }],
  causes: [{ kind: 'kill', from: 30_020 }],
  outages: [],
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
  ['a lost grant and no kill', 'grants lost without cause', (run) => { run.causes = []; }],
  ['a lost grant and a kill at another time', 'grants lost without cause', (run) => { run.causes[0].from = 20_000; }],
  ['a lost grant whose last token was told', 'grants lost without cause', (run) => { run.history[2].access_token = 'a3'; }],
  ['a lost grant while the database was away', 'grants lost without cause', (run) => { run.causes = []; run.outages = [{ from: 29_900, to: 32_000 }]; }],
  ['a grant that the provider refused', 'grants lost without cause', (run) => { run.audit[3].detail = { reason: 'invalid_grant' }; }],
  ['a refused refresh token', 'refusals by the provider', (run) => { run.ledger.push({ grant_type: 'refresh_token', refresh_token: 'x', family: 'A', error: 'invalid_grant', at: 8000, ended_at: 8001 }); }],
  ['another grant for the same account', 'grant ids changed', (run) => { run.history[3].grant = 'h'; }],
  ['an event that is missing', 'rows or events missing', (run) => { run.outbox.pop(); }],
  ['a change that has two rows', 'rows or events missing', (run) => { run.audit.splice(7, 0, run.audit[6]); run.outbox.push({ kind: 'grant.revoked', grant_id: 'g' }); }],
  ['a change without a row', 'rows or events missing', (run) => { run.grants[0].status = 'revoked'; }],
  ['an answer of our own failure', 'answers that nobody should get', (run) => { run.history.unshift({ kind: 'token', grant: 'g', status: 500, start: 1150, end: 1151 }); }],
  ['a token without a row', 'rows or events missing', (run) => { run.audit.splice(1, 1); }],
]) {
  test(`the checker finds ${what}`, () => {
    const run = sound();

    spoil(run);

    assert.ok(broken(run).includes(rule), `it found ${broken(run)}`);
  });
}

test('a seed is a schedule', () => {
  assert.deepEqual(schedule(7, 60), schedule(7, 60));
  assert.notDeepEqual(schedule(7, 60), schedule(8, 60));
});
