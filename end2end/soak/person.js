/** A person who connects an account, with a browser that has no window: it follows redirects and keeps cookies. */
import { send } from '../http.js';
import { APP, CONNECT, OIDC } from './parts.js';

const unescaped = (text) => text.replace(/&#x2F;/g, '/').replace(/&amp;/g, '&');

/** @param {() => string} server which of ours takes the next request; all of them know every session */
function browser(server) {
  const jars = { ours: new Map(), theirs: new Map() };
  return async function go(address, { form, origin } = {}) {
    const url = new URL(address);
    const isOurs = url.origin === CONNECT;
    const jar = isOurs ? jars.ours : jars.theirs;
    const cookie = [...jar].filter(([, { path }]) => url.pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`);
    const headers = { accept: 'text/html', cookie: cookie.join('; '), ...(origin && { origin }) };
    const answer = await send(isOurs ? server() + url.pathname + url.search : address, { form, headers });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...rest] = line.split('; ');
      const path = rest.find((word) => /^path=/i.test(word))?.slice(5) ?? '/';
      jar.set(pair.slice(0, pair.indexOf('=')), { value: pair.slice(pair.indexOf('=') + 1), path });
    }
    const next = answer.headers.location && new URL(answer.headers.location, address).href;
    return next ? go(next) : { address, answer };
  };
}

/**
 * From the minted session to the provider's callback, whatever comes of it.
 * @param {() => string} server
 * @param {string} session the session token
 */
export async function connect(server, session) {
  const go = browser(server);
  const picker = await go(`${CONNECT}/connect`, { form: { session }, origin: APP });
  const away = await go(`${picker.address}/depart`, { form: { provider: 'strict' }, origin: CONNECT });
  const link = away.answer.text.match(/href="([^"]*\/auth\?[^"]*)"/)?.[1];
  if (!link) throw new Error(`no way to the provider: ${away.answer.status}`);
  const login = await go(unescaped(link));
  if (!login.address.startsWith(OIDC)) throw new Error('the provider did not ask who it is');
  const consent = await go(`${login.address}/login`, { form: { account: 'alice' } });
  await go(`${consent.address}/consent`, { form: { decision: 'allow' } });
}
