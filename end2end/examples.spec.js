/**
 * The example apps, each with one of the example backends, as a person uses them: connect, use, find the
 * credential dead, connect the same grant again.
 */
import { provider } from './api.js';
import { APPS, homeOf, startApp } from './examples.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

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
    const home = homeOf(app);
    let backend;

    // What the backend answers for a dead grant.
    test.use({ announced: [/ 409 .*\/api\/use/] });

    test.beforeAll(async () => {
      backend = await startApp(app);
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
