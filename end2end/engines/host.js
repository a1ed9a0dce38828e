/**
 * A host page for both widgets, on a site of its own. By query:
 *
 *     with=grantway|alter   which widget
 *     coop, coep, csp, policy   headers of the page: the two Cross-Origin ones, CSP, Referrer-Policy
 *     mint=slow|fail|never  six seconds, an error, nothing
 *     multiple              a session of several providers
 *     more in pages/host.js, which runs in it
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { mint } from '../api.js';
import { CONNECT, REFERENCE, WIDGET } from '../config.js';

const file = (path) => readFileSync(new URL(path, import.meta.url));
const ASSETS = {
  '/host.js': './pages/host.js',
  '/alter.js': '../node_modules/@alter-ai/connect/dist/alter-connect.umd.js',
};

const html = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Host</title>
<h1>Host</h1>
<p><button id="connect">Connect</button> <button id="other">Something else</button></p>
<script src="/alter.js" defer></script>
<script type="module" src="/host.js"></script>`;

async function mintFor(params) {
  if (params.get('mint') === 'slow') await sleep(6000);
  if (params.get('mint') === 'never') await sleep(120_000, undefined, { ref: false });
  if (params.get('mint') === 'fail') return undefined;
  return mint({
    user: params.get('user') ?? 'engines',
    allowed_origin: WIDGET,
    return_url: params.get('return') ?? `${WIDGET}/`,
    multiple: params.has('multiple'),
  });
}

/** @returns {Promise<() => void>} stops it */
export async function startHost() {
  const server = createServer(async (req, res) => {
    const { pathname, searchParams: params } = new URL(req.url, WIDGET);
    const send = (status, type, body) => res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    if (pathname === '/mint') {
      const minted = await mintFor(params).catch(() => undefined);
      return minted ? send(200, 'application/json', JSON.stringify(minted)) : send(500, 'text/plain', 'no');
    }
    if (pathname === '/config') return send(200, 'application/json', JSON.stringify({ CONNECT, REFERENCE }));
    const asset = pathname.startsWith('/dist/') ? `../../widget${pathname}` : ASSETS[pathname];
    if (asset) {
      res.setHeader('cross-origin-resource-policy', 'same-origin');
      return send(200, 'text/javascript', file(asset));
    }
    for (const [name, header] of [
      ['coop', 'cross-origin-opener-policy'], ['coep', 'cross-origin-embedder-policy'],
      ['csp', 'content-security-policy'], ['policy', 'referrer-policy'],
    ]) {
      if (params.get(name)) res.setHeader(header, params.get(name));
    }
    return pathname === '/favicon.ico' ? send(204, 'image/x-icon') : send(200, 'text/html; charset=utf-8', html);
  });
  await new Promise((done) => server.listen(Number(new URL(WIDGET).port), '127.0.0.1', done));
  return () => {
    server.closeAllConnections();
    server.close();
  };
}
