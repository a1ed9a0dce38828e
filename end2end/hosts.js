/**
 * Host pages without a widget: the bare form of the protocol, on every site that comes in by this port.
 *
 *     /form?session=…            a form that opens Connect in this tab; any field may be given
 *     /form?session=…&policy=…   under that Referrer-Policy
 *     /form?action=…             a form that posts elsewhere
 *     /popup?session=…           the same form in a window; shows what the window tells
 *     /back                      where a redirect returns; shows the code it got
 */
import { createServer } from 'node:http';

import { BIRCH, CONNECT } from './config.js';

const escaped = (text = '') => String(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (title, body, policy = 'strict-origin-when-cross-origin') => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="${escaped(policy)}">
<title>${title}</title>
<h1>${title}</h1>
${body}`;

const form = (fields, action = `${CONNECT}/connect`) => `<form method="post" action="${escaped(action)}">
${fields.map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`).join('\n')}
<button>Connect</button>
</form>`;

/** Opens the window in the click, as the widget does, and then posts into it. */
const inPopup = `<p><output aria-label="Result"></output></p>
<script>
  const form = document.querySelector('form');
  form.addEventListener('submit', () => {
    window.open('about:blank', 'grantway', 'popup,width=500,height=700');
    form.target = 'grantway';
  });
  addEventListener('message', ({ origin, data }) => {
    if (origin === '${CONNECT}') document.querySelector('output').textContent = JSON.stringify(data);
  });
</script>`;

/** @param {URL} url */
function answer({ pathname, searchParams }) {
  const policy = searchParams.get('policy') ?? undefined;
  const action = searchParams.get('action') ?? undefined;
  const fields = [...searchParams].filter(([name]) => name !== 'policy' && name !== 'action');
  if (pathname === '/form') return page('Settings', form(fields, action), policy);
  if (pathname === '/popup') return page('Settings', form([...fields, ['mode', 'popup']]) + inPopup, policy);
  if (pathname === '/back') {
    return page('Back at the app', `<output aria-label="Code">${escaped(searchParams.get('grantway') ?? '')}</output>`);
  }
  return undefined;
}

createServer((req, res) => {
  const url = new URL(req.url ?? '/', BIRCH);
  const html = answer(url);
  const status = html ? 200 : url.pathname === '/favicon.ico' ? 204 : 404;
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
}).listen(Number(new URL(BIRCH).port), '127.0.0.1');
