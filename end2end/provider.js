/**
 * A real authorization server: npm `oidc-provider`, a certified OpenID provider, with sign-in and consent
 * pages that work without JavaScript. Each request asks for both, whatever the browser did before.
 *
 * `/__ledger` tells what was asked of it, without secrets; `/__settings` and `/__revoke` steer it.
 *
 *     node provider.js        PORT, ISSUER, CLIENT_SECRET, REDIRECT_URIS (by comma)
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { Provider, interactionPolicy } from 'oidc-provider';

import { consentPage, readForm, readJson, sendHtml, sendJson, signInPage } from './provider-pages.js';

const { PORT = '4203', CLIENT_SECRET = 'not-a-secret', REDIRECT_URIS = '' } = process.env;
const ISSUER = process.env.ISSUER ?? `http://oidc.localhost:${PORT}`;

/** Everyone who can sign in, by the name they type. */
const ACCOUNTS = {
  alice: { sub: 'u-1001', email: 'alice@example.com', name: 'Alice Archer' },
  bob: { sub: 'u-1002', email: 'bob@example.com', name: 'Bob Baker' },
};

/**
 * What tests may change: seconds, a `Cross-Origin-Opener-Policy` for every page, and how the token endpoint
 * fails: milliseconds between the deed and its answer, a status in place of the deed, answers that are cut off.
 */
const settings = { access_token_ttl: 120, coop: '', answer_after: 0, failing: 0, cuts: 0 };

/** What was asked of us, in order. */
const ledger = { authorization_requests: [], token_requests: [], userinfo_requests: [], revocation_requests: [] };

/** Sign-ins, by account: what `/__revoke` ends. */
const grantIds = new Map();

/** A secret's short name: equal for equal secrets, useless otherwise. */
const digest = (secret) => secret && createHash('sha256').update(secret).digest('hex').slice(0, 12);

/** Who was signed in: a change of account would pass through the log-out page, which ends grants. */
function forgetAccount(session) {
  delete session.accountId;
  delete session.authorizations;
}

function alwaysAsk() {
  const policy = interactionPolicy.base();
  const { Check, Prompt } = interactionPolicy;
  const eachTime = (step) => new Check('each_time', 'each request asks', ({ oidc }) => !oidc.result?.[step]);
  policy.get('login').checks.add(eachTime('login'));
  policy.get('consent').checks.add(eachTime('consent'));
  const forget = new Check('forget', 'never asks', ({ oidc }) => {
    if (!oidc.result) forgetAccount(oidc.session);
    return Check.NO_NEED_TO_PROMPT;
  });
  policy.add(new Prompt({ name: 'select_account', requestable: true }, forget), 0);
  return policy;
}

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: 'grantway',
      client_secret: CLIENT_SECRET,
      client_name: 'Grantway',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: REDIRECT_URIS.split(',').filter(Boolean),
    },
    {
      client_id: 'grantway-pushed',
      client_secret: CLIENT_SECRET,
      token_endpoint_auth_method: 'client_secret_basic',
      require_pushed_authorization_requests: true,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: REDIRECT_URIS.split(',').filter(Boolean),
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  scopes: ['openid', 'email', 'profile', 'offline_access'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => {
    const known = Object.values(ACCOUNTS).find((account) => account.sub === sub);
    return known && { accountId: sub, claims: () => ({ ...known, email_verified: true }) };
  },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  ttl: {
    AccessToken: () => settings.access_token_ttl,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  interactions: { policy: alwaysAsk(), url: (_, interaction) => `/interaction/${interaction.uid}` },
  renderError: (ctx, out) => {
    ctx.type = 'html';
    ctx.body = `<!doctype html><title>Example ID</title><h1>${out.error}</h1><p>${out.error_description ?? ''}</p>`;
  },
});

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'end2end' };
}

/** The ledger's lines of token requests that are under way. */
const lines = new WeakMap();

/** What only the provider knows. Written when it is done, whether or not anybody still waits for the answer. */
const noteDetails = (ctx, error) => {
  const { params = {}, entities = {} } = ctx.oidc ?? {};
  Object.assign(lines.get(ctx.req) ?? {}, {
    grant_type: params.grant_type,
    code: digest(params.code),
    refresh_token: digest(params.refresh_token),
    with_verifier: Boolean(params.code_verifier),
    error: error?.error,
    family: digest(entities.Grant?.jti),
    gave: error ? undefined : { access_token: digest(ctx.body.access_token), refresh_token: digest(ctx.body.refresh_token) },
  });
};

/** The token endpoint's failures, as `settings` say. */
provider.use(async (ctx, next) => {
  if (ctx.path !== '/token') return next();
  const line = lines.get(ctx.req);
  if (settings.failing) {
    ctx.status = settings.failing;
    line.failed = true;
    return undefined;
  }
  await next();
  if (settings.answer_after) await sleep(settings.answer_after);
  if (settings.cuts > 0 && line.gave) {
    settings.cuts -= 1;
    line.cut = true;
    ctx.respond = false;
    ctx.req.socket.destroy();
  }
  return undefined;
});
provider.on('grant.success', (ctx) => noteDetails(ctx));
provider.on('grant.error', noteDetails);
provider.on('server_error', (_, error) => console.error(error));

/** Everything that reaches the endpoint counts, also what it refuses. */
function note(req, res, url) {
  if (url.pathname === '/token') {
    const line = { at: Date.now(), method: req.method };
    lines.set(req, line);
    ledger.token_requests.push(line);
    res.on('finish', () => Object.assign(line, { status: res.statusCode, ended_at: Date.now() }));
  }
  res.on('finish', () => {
    const status = res.statusCode;
    if (url.pathname === '/me') ledger.userinfo_requests.push({ status });
    if (url.pathname === '/token/revocation') ledger.revocation_requests.push({ status });
  });
  if (url.pathname === '/auth') {
    const { state, nonce, code_challenge, ...open } = Object.fromEntries(url.searchParams);
    ledger.authorization_requests.push({
      ...open, state: digest(state), nonce: digest(nonce), code_challenge: digest(code_challenge),
    });
  }
}

async function interact(req, res, action) {
  const interaction = await provider.interactionDetails(req, res);
  const { prompt, params, uid } = interaction;
  if (req.method === 'GET') {
    const page = prompt.name === 'consent' ? consentPage(uid, params) : signInPage(uid, ACCOUNTS, params.login_hint);
    return sendHtml(res, 200, page);
  }
  const form = await readForm(req);
  if (action === 'login' && prompt.name !== 'consent') {
    const account = ACCOUNTS[form.get('account')];
    if (!account) return sendHtml(res, 200, signInPage(uid, ACCOUNTS, '', 'Nobody has this name.'));
    const session = await provider.Session.get({ req, res });
    if (session.accountId) {
      // Signed in meanwhile, in another tab.
      forgetAccount(session);
      await session.persist();
    }
    const chosen = prompt.name === 'select_account' ? { select_account: {} } : {};
    return finish(req, res, { ...chosen, login: { accountId: account.sub } });
  }
  if (action === 'consent' && form.get('decision') === 'allow') {
    return finish(req, res, { consent: { grantId: await grantFor(interaction) } });
  }
  return provider.interactionFinished(
    req, res, { error: 'access_denied', error_description: 'The person said no' }, { mergeWithLastSubmission: false },
  );
}

const finish = (req, res, result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });

async function grantFor({ session, params }) {
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const id = await grant.save();
  grantIds.set(session.accountId, [...(grantIds.get(session.accountId) ?? []), id]);
  return id;
}

/** Ends all that an account ever allowed, as its security page would. */
async function revoke(name) {
  const account = ACCOUNTS[name];
  const ids = grantIds.get(account?.sub) ?? [];
  for (const id of ids) {
    await provider.RefreshToken.revokeByGrantId(id);
    await provider.AccessToken.revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
  }
  grantIds.delete(account?.sub);
  return ids.length;
}

/** Sign-ins that nobody ended. */
async function livingFamilies() {
  const ids = [...grantIds.values()].flat();
  const found = await Promise.all(ids.map(async (id) => (await provider.Grant.find(id)) && digest(id)));
  return found.filter(Boolean);
}

async function steer(req, res, path) {
  if (path === '/__ledger') {
    const counts = Object.fromEntries(Object.entries(ledger).map(([name, list]) => [name, list.length]));
    return sendJson(res, { counts, ...ledger, living_families: await livingFamilies() });
  }
  if (path === '/__settings') return sendJson(res, Object.assign(settings, await readJson(req)));
  if (path === '/__revoke') return sendJson(res, { revoked: await revoke((await readJson(req)).account) });
  return sendJson(res, { error: 'not_found' }, 404);
}

const answer = provider.callback();

const server = createServer(async (req, res) => {
  const url = new URL(req.url, ISSUER);
  const [, first, uid, action] = url.pathname.split('/');
  try {
    if (url.pathname === '/favicon.ico') return void res.writeHead(204).end();
    if (first.startsWith('__')) return await steer(req, res, url.pathname);
    if (settings.coop) res.setHeader('cross-origin-opener-policy', settings.coop);
    if (first === 'interaction' && uid) return await interact(req, res, action);
    note(req, res, url);
    return await answer(req, res);
  } catch (error) {
    // A page that was left behind, by Back or in another browser: its sign-in is over.
    console.error(`${req.method} ${url.pathname}: ${error.message}`);
    return sendHtml(res, error.statusCode ?? 500, '<!doctype html><title>Example ID</title><h1>This page has expired</h1>');
  }
});

server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening as ${ISSUER}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections());
