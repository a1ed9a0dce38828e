/** The pages of `provider.js`, and what it needs to read and answer. No page has a script. */

const escaped = (text = '') =>
  String(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} – Example ID</title>
<style>body { font: 1rem system-ui; max-width: 24rem; margin: 3rem auto; padding: 0 1rem }</style>
<h1>${title}</h1>
${body}`;

/**
 * @param {string} uid
 * @param {Record<string, { email: string }>} accounts
 * @param {string} [hint] filled in
 * @param {string} [problem]
 */
export function signInPage(uid, accounts, hint = '', problem = '') {
  const known = Object.entries(accounts).find(([name, { email }]) => hint && (hint === name || hint === email));
  return page('Sign in to Example ID', `
<form method="post" action="/interaction/${escaped(uid)}/login">
  ${problem && `<p role="alert">${escaped(problem)}</p>`}
  <p><label>Account <input name="account" autocomplete="off" required value="${escaped(known?.[0])}"></label></p>
  <button>Sign in</button>
</form>
<form method="post" action="/interaction/${escaped(uid)}/cancel"><button>Cancel</button></form>`);
}

/**
 * @param {string} uid
 * @param {{ client_id?: unknown, scope?: unknown }} params
 */
export function consentPage(uid, params) {
  const scopes = String(params.scope ?? '').split(' ').filter(Boolean);
  return page(`Allow ${escaped(params.client_id)}?`, `
<ul aria-label="Permissions">${scopes.map((scope) => `<li>${escaped(scope)}</li>`).join('')}</ul>
<form method="post" action="/interaction/${escaped(uid)}/consent">
  <button name="decision" value="allow">Allow</button>
  <button name="decision" value="deny">Deny</button>
</form>`);
}

/** @param {import('node:http').IncomingMessage} req */
async function readBody(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return body;
}

/** @param {import('node:http').IncomingMessage} req */
export const readForm = async (req) => new URLSearchParams(await readBody(req));

/** @param {import('node:http').IncomingMessage} req */
export const readJson = async (req) => JSON.parse((await readBody(req)) || '{}');

/**
 * @param {import('node:http').ServerResponse} res
 * @param {number} status
 * @param {string} html
 */
export function sendHtml(res, status, html) {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
}

/**
 * @param {import('node:http').ServerResponse} res
 * @param {unknown} value
 * @param {number} [status]
 */
export function sendJson(res, value, status = 200) {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value, undefined, 2));
}
