/** What the example backends refuse, each with a code: apps begin as copies of them. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { APPS, startApp } from './examples.js';
import { keyName } from './servers.js';

// Nobody is there to show it to.
process.env[keyName('birch')] ??= 'unused';

const OWN = { 'sec-fetch-site': 'same-origin' };

/** Sends exactly this path: a URL would be made straight first. */
const ask = (port, method, path, headers, body) =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, async (answer) => {
      const parts = await answer.toArray();
      resolve({ status: answer.statusCode, told: JSON.parse(Buffer.concat(parts).toString()) });
    });
    sent.on('error', reject).end(body);
  });

const html = APPS.find((app) => app.name === 'html');
const backends = [
  ['node', 4331, APPS.find((app) => app.name === 'react').backend],
  ['python', 4332, html.backend],
];

for (const [name, port, backend] of backends) {
  describe(`the ${name} backend refuses`, () => {
    let child;
    before(async () => {
      child = await startApp({ ...html, name: `refusing-${name}`, port, backend });
    });
    after(() => child?.kill());

    for (const [words, status, code, ...asked] of [
      ['another site', 403, 'cross_site', 'POST', '/api/connect', { 'sec-fetch-site': 'cross-site' }, '{}'],
      ['another origin', 403, 'cross_site', 'POST', '/api/connect', { origin: 'https://evil.test' }, '{}'],
      ['a long body', 400, 'invalid_request', 'POST', '/api/connect', OWN, JSON.stringify('x'.repeat(10_001))],
      ['a body that is no JSON', 400, 'invalid_request', 'POST', '/api/connect', OWN, '{'],
      ['a page that is not there', 404, 'not_found', 'GET', '/nowhere', {}],
      ['a file outside its folder', 404, 'not_found', 'GET', '/../react/package.json', {}],
      ['when Grantway is not reached', 502, 'network_error', 'POST', '/api/connect', OWN, '{}'],
    ]) {
      test(words, async () => {
        const { status: got, told } = await ask(port, ...asked);

        assert.deepEqual([got, told.code], [status, code]);
      });
    }
  });
}
