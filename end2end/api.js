/** What an app's backend does with its key, and what the authorization server says it was asked. */
import { OIDC, CONNECT } from './config.js';
import { send } from './http.js';
import { keyName } from './servers.js';

/**
 * @param {string} app
 * @param {string} path
 * @param {{ method?: string, json?: unknown, form?: Record<string, string> }} [options]
 */
export function call(app, path, options) {
  const key = process.env[keyName(app)];
  if (!key) throw new Error(`${keyName(app)} is not set: the servers' keys did not reach this process`);
  const authorization = `Bearer ${key}`;
  return send(CONNECT + path, { ...options, headers: { authorization } });
}

/**
 * @typedef {{ session_id: string, session_token: string, connect_url?: string, expires_in: number, user: string }} Minted
 *
 * Mints for both providers unless told otherwise, so that the person has something to pick.
 * @param {{ app?: string, user: string, [field: string]: unknown }} terms `user` is the app's id of its user
 * @returns {Promise<Minted>}
 */
export async function mint({ app = 'birch', user, ...terms }) {
  const answer = await call(app, '/v1/connect/sessions', { json: { user: { id: user }, ...terms } });
  if (answer.status !== 201) throw new Error(`mint: ${answer.status} ${answer.text}`);
  return { ...answer.json, user };
}

/**
 * A user's grants.
 * @param {string} user
 * @param {string} [app]
 * @returns {Promise<any[]>}
 */
export async function grantsOf(user, app = 'birch') {
  const answer = await call(app, `/v1/grants?user_id=${encodeURIComponent(user)}`);
  if (answer.status !== 200) throw new Error(`grants: ${answer.status} ${answer.text}`);
  return answer.json.data.filter((grant) => grant.status !== 'revoked');
}

/**
 * A fresh access token, or the problem.
 * @param {string} grantId
 */
export const tokenOf = (grantId, app = 'birch') => call(app, `/v1/grants/${grantId}/token`, { method: 'POST' });

/** The authorization server's own account of a token's owner. */
export const whoIs = (accessToken) => send(`${OIDC}/me`, { headers: { authorization: `Bearer ${accessToken}` } });

export const provider = {
  ledger: async () => (await send(`${OIDC}/__ledger`)).json,
  /** @param {{ access_token_ttl?: number, coop?: string }} settings seconds, a header's value */
  set: (settings) => send(`${OIDC}/__settings`, { json: settings }),
  /** @param {string} account */
  revoke: (account) => send(`${OIDC}/__revoke`, { json: { account } }),
};
