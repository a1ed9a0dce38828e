/**
 * Checks the authorization server by itself: `npm run check-provider`. Code, PKCE, rotation, replay, deny.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { send } from './http.js';

const ISSUER = 'http://oidc.localhost:4293';
const REDIRECT_URI = 'http://connect.localhost:4200/connect/callback/acme.oidc';
const CLIENT = { client_id: 'grantway', client_secret: 'not-a-secret' };

let server;

before(async () => {
  server = spawn(process.execPath, [fileURLToPath(new URL('provider.js', import.meta.url))], {
    env: { ...process.env, PORT: '4293', REDIRECT_URIS: REDIRECT_URI },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  while (!told.includes('listening')) told += (await once(server.stdout, 'data'))[0];
});

after(() => server.kill());

/** A browser without JavaScript: follows redirects, keeps cookies, stops at the client's callback. */
function browser() {
  const jar = new Map();
  return async function go(address, form) {
    const { pathname } = new URL(address);
    const cookie = [...jar].filter(([, { path }]) => pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`);
    const answer = await send(address, { form, headers: { accept: 'text/html', cookie: cookie.join('; ') } });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...rest] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const path = rest.find((word) => word.startsWith('path='))?.slice(5) ?? '/';
      if (pair.endsWith('=')) jar.delete(name);
      else jar.set(name, { value: pair.slice(name.length + 1), path });
    }
    const next = answer.headers.location && new URL(answer.headers.location, address).href;
    if (!next) return { address, answer };
    return next.startsWith(REDIRECT_URI) ? { callback: new URL(next) } : go(next);
  };
}

function question(extra = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/auth', ISSUER);
  url.search = new URLSearchParams({
    client_id: CLIENT.client_id, redirect_uri: REDIRECT_URI, response_type: 'code', state: 's-1', prompt: 'consent',
    scope: 'openid email profile offline_access', code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), ...extra,
  }).toString();
  return { verifier, url };
}

async function connect(go, account, extra) {
  const { verifier, url } = question(extra);
  const login = await go(url.href);
  assert.match(login.answer.text, /Sign in to Example ID/);
  const consent = await go(`${login.address}/login`, { account });
  assert.match(consent.answer.text, /Allow grantway\?/);
  const { callback } = await go(`${consent.address}/consent`, { decision: 'allow' });
  return { callback, verifier };
}

const token = (form) => send(`${ISSUER}/token`, { form: { ...CLIENT, ...form } });

const exchange = ({ callback, verifier }) => token({
  grant_type: 'authorization_code', code: callback.searchParams.get('code'), code_verifier: verifier, redirect_uri: REDIRECT_URI,
});

test('code, exchange, userinfo, rotation, and the family ends when a refresh token is spent twice', async () => {
  const arrived = await connect(browser(), 'alice');
  assert.equal(arrived.callback.searchParams.get('state'), 's-1');
  assert.equal(arrived.callback.searchParams.get('iss'), ISSUER);

  const first = await exchange(arrived);
  assert.equal(first.status, 200, first.text);
  assert.equal(first.json.expires_in, 120);
  assert.equal(first.json.scope, 'openid email profile offline_access');
  const claims = JSON.parse(Buffer.from(first.json.id_token.split('.')[1], 'base64url').toString());
  assert.equal(claims.email, 'alice@example.com');

  const me = await send(`${ISSUER}/me`, { headers: { authorization: `Bearer ${first.json.access_token}` } });
  assert.deepEqual([me.json.sub, me.json.name], ['u-1001', 'Alice Archer']);

  const refresh = (refresh_token) => token({ grant_type: 'refresh_token', refresh_token });
  const second = await refresh(first.json.refresh_token);
  assert.equal(second.status, 200, second.text);
  assert.notEqual(second.json.refresh_token, first.json.refresh_token);
  assert.equal((await refresh(first.json.refresh_token)).json.error, 'invalid_grant');
  assert.equal((await refresh(second.json.refresh_token)).json.error, 'invalid_grant');
});

test('one browser connects two accounts in turn, and both keep working', async () => {
  const go = browser();
  const tokens = [];
  for (const [account, extra] of [['alice'], ['bob'], ['alice', { prompt: 'select_account consent' }]]) {
    tokens.push((await exchange(await connect(go, account, extra))).json);
  }

  const subs = await Promise.all(tokens.map(async ({ access_token }) =>
    (await send(`${ISSUER}/me`, { headers: { authorization: `Bearer ${access_token}` } })).json.sub));
  assert.deepEqual(subs, ['u-1001', 'u-1002', 'u-1001']);
});

test('a person who says no sends access_denied, on either page', async () => {
  const go = browser();
  const login = await go(question().url.href);
  const cancelled = await go(`${login.address}/cancel`, {});
  const again = await go(question().url.href);
  const consent = await go(`${again.address}/login`, { account: 'bob' });
  const denied = await go(`${consent.address}/consent`, { decision: 'deny' });

  for (const { callback } of [cancelled, denied]) assert.equal(callback.searchParams.get('error'), 'access_denied');
});

test('no question without PKCE, no exchange with another verifier; the ledger counts both kinds', async () => {
  const { callback } = await browser()(question({ code_challenge: '', code_challenge_method: '' }).url.href);
  assert.equal(callback.searchParams.get('error'), 'invalid_request');

  const before = (await send(`${ISSUER}/__ledger`)).json.counts.token_requests;
  const arrived = await connect(browser(), 'alice');
  const answer = await exchange({ ...arrived, verifier: 'x'.repeat(43) });
  assert.equal(answer.json.error, 'invalid_grant');

  const ledger = (await send(`${ISSUER}/__ledger`)).json;
  assert.equal(ledger.counts.token_requests, before + 1);
  assert.equal(ledger.token_requests.at(-1).error, 'invalid_grant');
  assert.ok(!JSON.stringify(ledger).includes(arrived.callback.searchParams.get('code')));
});

test('settings change the lifetime, revoking ends what an account allowed', async () => {
  await send(`${ISSUER}/__settings`, { json: { access_token_ttl: 30 } });
  const tokens = (await exchange(await connect(browser(), 'bob'))).json;
  assert.equal(tokens.expires_in, 30);

  assert.ok((await send(`${ISSUER}/__revoke`, { json: { account: 'bob' } })).json.revoked >= 1);
  const dead = await token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  assert.equal(dead.json.error, 'invalid_grant');
});
