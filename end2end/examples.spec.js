/**
 * The example apps, each with one of the example backends, as a person uses them: connect, use, find the
 * credential dead, connect the same grant again.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { provider } from './api.js';
import { CONNECT, OIDC, ROOT, TARGET } from './config.js';
import { expect, test } from './fixtures.js';
import { send } from './http.js';
import * as go from './journey.js';
import { keyName } from './servers.js';

const loopback = (url) => `http://127.0.0.1:${new URL(url).port}`;

const NODE = [process.execPath, 'examples/backend-node/server.js'];
const PYTHON = ['python3', 'examples/backend-python/server.py'];

const APPS = [
  { name: 'html', port: 4301, folder: join(ROOT, 'examples/html'), backend: PYTHON },
  { name: 'react', port: 4302, folder: join(ROOT, 'examples/react/dist'), backend: NODE },
  { name: 'vue', port: 4303, folder: join(ROOT, 'examples/vue/dist'), backend: PYTHON },
  { name: 'svelte', port: 4304, folder: join(ROOT, 'examples/svelte/dist'), backend: NODE },
  { name: 'angular', port: 4305, folder: join(ROOT, 'examples/angular/dist'), backend: PYTHON },
  { name: 'react-strict', port: 4307, folder: join(ROOT, 'examples/react/dist-development'), backend: NODE, mounts: 2 },
  { name: 'leptos', port: 4306, folder: join(TARGET, 'site-csr'), backend: NODE },
];

async function start({ name, port, folder, backend: [program, file] }) {
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`${folder} is not there: build the example first, see its README`);
  const child = spawn(program, [join(ROOT, file)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      APP_URL: `http://${name}.localhost:${port}`,
      STATIC_DIR: folder,
      GRANTWAY_URL: loopback(CONNECT),
      GRANTWAY_PUBLIC_URL: CONNECT,
      GRANTWAY_API_KEY: process.env[keyName('birch')],
      PROVIDER: 'oidc',
      PROVIDER_API: `${loopback(OIDC)}/me`,
    },
  });
  for (let tries = 100; tries > 0 && child.exitCode === null; tries -= 1) {
    if (await send(`http://127.0.0.1:${port}/`, { timeout: 500 }).catch(() => undefined)) return child;
    await sleep(100);
  }
  child.kill();
  throw new Error(`${file} does not answer at port ${port}`);
}

const connect = (page, name = 'Connect an account') => page.getByRole('button', { name });
const said = (page) => page.getByRole('status');
const items = (page) => page.getByRole('list', { name: 'Your connections' }).getByRole('listitem');
const use = (page) => items(page).getByRole('button', { name: 'Use it' });

/** From the press of a button to the click that allows, in a window. A grant that is connected again is not picked. */
async function throughWindow(page, button, { picks = true } = {}) {
  const [popup] = await Promise.all([page.waitForEvent('popup'), button.click()]);
  if (picks) await go.providerButton(popup).click();
  await go.atProvider(popup);
  await go.signIn(popup, 'alice');
  await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);
}

/** How often the app listed its connections: at each mount, and at each success. */
function countLists(page) {
  let count = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/connections')) count += 1;
  });
  return () => count;
}

for (const app of APPS) {
  const { mounts = 1 } = app;
  test.describe(app.name, () => {
    const home = `http://${app.name}.localhost:${app.port}/`;
    let backend;

    // What the backend answers for a dead grant.
    test.use({ announced: [/ 409 .*\/api\/use/] });

    test.beforeAll(async () => {
      backend = await start(app);
    });

    test.afterAll(async () => {
      backend?.kill();
      await provider.set({ access_token_ttl: 120 });
    });

    test('connects, uses, and connects the same grant again', { tag: '@popup' }, async ({ page }) => {
      // Grantway refreshes a token that has less than a minute left: each use asks the provider.
      await provider.set({ access_token_ttl: 30 });
      const lists = countLists(page);
      await page.goto(home);
      await throughWindow(page, connect(page));

      await expect(said(page)).toHaveText('Connected Example ID as alice@example.com');
      await expect(items(page)).toHaveCount(1);
      await page.waitForTimeout(500);
      expect(lists(), 'each success is heard once').toBe(mounts + 1);
      await use(page).click();
      await expect(said(page)).toHaveText('Works as Alice Archer');
      const before = await grantIds(page);

      await provider.revoke('alice');
      await use(page).click();
      await throughWindow(page, connect(page, 'Reconnect'), { picks: false });

      await expect(said(page)).toHaveText('Reconnected Example ID as alice@example.com');
      await use(page).click();
      await expect(said(page)).toHaveText('Works as Alice Archer');
      expect(await grantIds(page)).toEqual(before);
    });

    test('comes back by redirect', { tag: '@redirect' }, async ({ page }) => {
      await page.goto(home);
      await connect(page).click();
      await go.connectAs(page, 'alice');
      const lists = countLists(page);

      await page.waitForURL(home);
      await expect(said(page)).toHaveText('Connected Example ID as alice@example.com');
      await expect(items(page)).toHaveCount(1);
      await page.waitForTimeout(500);
      expect(lists(), 'the success is heard once').toBe(mounts + 1);
    });
  });
}

/** The grants of this page's visitor, as the app's own backend lists them. */
const grantIds = (page) =>
  page.evaluate(async () => (await (await fetch('/api/connections')).json()).map(({ grant_id }) => grant_id));
