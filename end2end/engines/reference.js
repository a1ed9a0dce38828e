/**
 * What `@alter-ai/connect` 0.8.0 needs of a server, as far as its protocol goes: an entry page that takes the
 * session out of the fragment, the same authorization server as ours, and a result by message or by
 * redirect. No page of it sends `Cross-Origin-Opener-Policy`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { CLIENT_SECRET, OIDC, REFERENCE, WIDGET } from '../config.js';
import { send } from '../http.js';

const REDIRECT_URI = `${REFERENCE}/callback`;

/** By state: the verifier, and whether a window was opened. */
const flows = new Map();

const entry = `<!doctype html><title>Reference</title>
<script>location.replace('/start?window=' + Boolean(window.opener))</script>`;

/** Posts to the opener if there is one left, as the widget expects it. */
const told = (message) => `<!doctype html><title>Reference</title><p>Done.</p>
<script>
  if (window.opener) window.opener.postMessage(${JSON.stringify(message)}, '${WIDGET}');
  window.close();
</script>`;

function start(params) {
  const state = randomBytes(16).toString('hex');
  const verifier = randomBytes(32).toString('base64url');
  flows.set(state, { verifier, isWindow: params.get('window') === 'true' });
  return `${OIDC}/auth?${new URLSearchParams({
    response_type: 'code',
    client_id: 'grantway',
    redirect_uri: REDIRECT_URI,
    scope: 'openid email profile',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })}`;
}

async function exchange(code, code_verifier) {
  const form = {
    grant_type: 'authorization_code', code, code_verifier, redirect_uri: REDIRECT_URI,
    client_id: 'grantway', client_secret: CLIENT_SECRET,
  };
  const tokens = (await send(`${OIDC}/token`, { form })).json;
  const about = await send(`${OIDC}/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return about.json.email;
}

async function callback(params) {
  const flow = flows.get(params.get('state'));
  flows.delete(params.get('state'));
  const account_identifier = await exchange(params.get('code'), flow.verifier);
  const grant = {
    grant_id: '11111111-1111-4111-8111-111111111111', provider: 'oidc', provider_name: 'Example ID',
    account_identifier, timestamp: new Date().toISOString(), operation: 'creation', status: 'active',
  };
  if (flow.isWindow) return { page: told({ type: 'alter_connect_success', grants: [{ ...grant, scopes: ['openid'] }] }) };
  return { to: `${WIDGET}/?${new URLSearchParams({ with: 'alter', late: '1000', alter_connect_success: 'true', ...grant })}` };
}

async function answer({ pathname, searchParams }) {
  if (pathname === '/sdk/oauth/connect') return { page: entry };
  if (pathname === '/start') return { to: start(searchParams) };
  if (pathname === '/callback') return callback(searchParams);
  return undefined;
}

/** @returns {Promise<() => void>} stops it */
export async function startReference() {
  const server = createServer(async (req, res) => {
    const { page, to } = (await answer(new URL(req.url, REFERENCE)).catch(console.error)) ?? {};
    if (to) res.writeHead(303, { location: to, 'cache-control': 'no-store' }).end();
    else res.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  await new Promise((done) => server.listen(Number(new URL(REFERENCE).port), '127.0.0.1', done));
  return () => {
    server.closeAllConnections();
    server.close();
  };
}
