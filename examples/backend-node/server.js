/**
 * An app's backend beside Grantway, without dependencies: it mints sessions for its own user and calls the
 * provider through the grant. Any frontend's files are served beside it, so that its cookie is at home.
 *
 *     GRANTWAY_URL        where this process reaches Grantway
 *     GRANTWAY_PUBLIC_URL where browsers reach it, if that is elsewhere
 *     GRANTWAY_API_KEY    made by `grantway key create --app …`
 *     APP_URL             this app's own public origin
 *     PORT, STATIC_DIR    where to listen; the folder of a built frontend
 *     PROVIDER, PROVIDER_API   whose accounts "Use it" takes, and what it calls (default: GitHub's "who am I")
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const { GRANTWAY_URL, GRANTWAY_API_KEY, APP_URL, PORT = '3000', STATIC_DIR = 'dist' } = process.env;
const { GRANTWAY_PUBLIC_URL = GRANTWAY_URL } = process.env;
const { PROVIDER = 'github', PROVIDER_API = 'https://api.github.com/user' } = process.env;

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A problem as Grantway tells it (RFC 9457), passed on to the frontend. */
class Problem extends Error {
  constructor(status, { code, detail, grant_id }) {
    super(detail);
    Object.assign(this, { status, body: { code, detail, grant_id } });
  }
}

async function grantway(method, path, body) {
  const answer = await fetch(GRANTWAY_URL + path, {
    method,
    headers: { authorization: `Bearer ${GRANTWAY_API_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Problem(answer.status, told);
  return told;
}

/** One of this user's grants, or a refusal: an id alone proves nothing. */
async function grantOf(user, id) {
  const grant = await grantway('GET', `/v1/grants/${encodeURIComponent(id)}`);
  if (grant.user.id !== user) throw new Problem(404, { code: 'grant_not_found', detail: 'no such grant of this user' });
  return grant;
}

/** A session for the signed-in user; with `grant_id`, to connect exactly that grant again. */
async function connect(user, { grant_id }) {
  if (grant_id) await grantOf(user, grant_id);
  const minted = await grantway('POST', '/v1/connect/sessions', {
    user: { id: user }, allowed_origin: APP_URL, return_url: `${APP_URL}/`, grant_id,
  });
  return { session_token: minted.session_token };
}

async function connections(user) {
  const { data } = await grantway('GET', `/v1/grants?user_id=${encodeURIComponent(user)}`);
  return data.filter(({ status }) => status !== 'revoked');
}

/** Calls the provider with a fresh token. A dead grant is `credential_revoked`: the user connects it again. */
async function use(user, asked) {
  const { grant_id, provider } = await grantOf(user, asked.grant_id);
  // A token is for its own provider's API and for no other.
  if (provider !== PROVIDER) throw new Problem(409, { code: 'other_provider', detail: `this app calls ${PROVIDER} alone` });
  const { access_token } = await grantway('POST', `/v1/grants/${grant_id}/token`);
  const answer = await fetch(PROVIDER_API, { headers: { authorization: `Bearer ${access_token}` } });
  if (!answer.ok) throw new Problem(502, { code: 'provider_error', detail: `the provider answered ${answer.status}` });
  const about = await answer.json();
  return { works_as: about.name ?? about.email ?? about.login ?? about.sub };
}

const ROUTES = {
  'POST /api/connect': connect,
  'GET /api/connections': connections,
  'POST /api/use': use,
};

const COOKIE = /(?:^|; )visitor=(visitor-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:;|$)/;

/** The visitor's cookie stands for your own sign-in. What looks like no id of ours is none: nobody becomes `user_1`. */
function visitor(req, res) {
  const known = COOKIE.exec(req.headers.cookie ?? '')?.[1];
  if (known) return known;
  const id = `visitor-${randomUUID()}`;
  const secure = APP_URL.startsWith('https:') ? '; Secure' : '';
  res.setHeader('set-cookie', `visitor=${id}; Path=/; HttpOnly; SameSite=Lax${secure}`);
  return id;
}

const badRequest = (detail) => new Problem(400, { code: 'invalid_request', detail });

async function readJson(req) {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > 10_000) throw badRequest('the body is too long');
  }
  try {
    return Object(JSON.parse(text || '{}'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

/** A page of another site must not act in our user's name. Browsers say whose page it is; old ones name its origin. */
const isOurs = ({ headers }) => (headers['sec-fetch-site'] ?? (headers.origin === APP_URL && 'same-origin')) === 'same-origin';

async function api(req, res, route) {
  if (req.method === 'POST' && !isOurs(req)) throw new Problem(403, { code: 'cross_site', detail: 'posted from another site' });
  const told = await route(visitor(req, res), req.method === 'POST' ? await readJson(req) : {});
  res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(told));
}

async function file(res, path) {
  const name = path === '/' ? '/index.html' : normalize(path);
  let body = await readFile(join(STATIC_DIR, name));
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  // One build runs beside any Grantway.
  if (type.startsWith('text/html')) body = String(body).replaceAll('__GRANTWAY_URL__', GRANTWAY_PUBLIC_URL);
  res.writeHead(200, { 'content-type': type }).end(body);
}

createServer(async (req, res) => {
  try {
    const { pathname } = new URL(APP_URL + req.url);
    const route = ROUTES[`${req.method} ${pathname}`];
    await (route ? api(req, res, route) : (visitor(req, res), file(res, pathname)));
  } catch (error) {
    const { status, body } = error instanceof Problem ? error
      : ['ENOENT', 'EISDIR'].includes(error.code) ? { status: 404, body: { code: 'not_found', detail: 'no such page' } }
      : { status: 502, body: { code: 'network_error', detail: 'Grantway or the provider was not reached' } };
    if (status === 502) console.error(error.message);
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`${APP_URL} is served at port ${PORT}`));
