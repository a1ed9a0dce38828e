/** `grantway demo`, as a newcomer meets it: three sites, a sample app, a provider with switches. */
import { DEMO } from './config.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

const connectButton = (page) => page.getByRole('button', { name: /^Connect/ }).first();

async function atFakeFiles(page) {
  await page.waitForURL((url) => url.origin === DEMO.provider);
  await expect(page.getByRole('heading', { name: /Fake Files account/ })).toBeVisible();
}

test.describe('in a window', { tag: '@popup' }, () => {
  let popup;

  test.beforeEach(async ({ page }) => {
    await page.goto(DEMO.app);
    [popup] = await Promise.all([page.waitForEvent('popup'), connectButton(page).click()]);
    await atFakeFiles(popup);
  });

  test('allow', async ({ page }) => {
    await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

    await expect(page.getByText('ada@example.com').first()).toBeVisible();
  });

  test('choose another account', async ({ page }) => {
    await popup.getByRole('radio', { name: /Grace Hopper/ }).check();
    await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

    await expect(page.getByText('grace@example.com').first()).toBeVisible();
  });

  test('deny, then think again', async ({ page }) => {
    await go.decide(popup, 'Deny');
    await expect(go.problem(popup, 'You declined access')).toBeVisible();
    await go.action(popup, 'Try again').click();
    await atFakeFiles(popup);
    await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

    await expect(page.getByText('ada@example.com').first()).toBeVisible();
  });

  const leaveOut = async () => {
    await popup.getByRole('checkbox', { name: 'files.read' }).uncheck();
    await go.decide(popup, 'Allow');
    await expect(go.problem(popup, 'Some permissions are missing')).toBeVisible();
    await expect(popup.getByRole('listitem').filter({ hasText: 'files.read' })).toBeVisible();
  };

  test('a permission that was left out is allowed with one click', async ({ page }) => {
    await leaveOut();
    await expect(page.getByText('ada@example.com')).toHaveCount(0);
    await go.action(popup, 'Allow it at Fake Files').click();
    await atFakeFiles(popup);
    await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

    await expect(page.getByText('ada@example.com').first()).toBeVisible();
    await expect(page.getByText('Missing scopes')).toHaveCount(0);
  });

  test('who goes on without a permission is connected', async ({ page }) => {
    await leaveOut();
    await Promise.all([popup.waitForEvent('close'), go.action(popup, 'Continue without it').click()]);

    await expect(page.getByText('ada@example.com').first()).toBeVisible();
    await expect(page.getByText('Missing scopes')).toBeVisible();
  });

  test('who closes the window instead is connected, too', async ({ page }) => {
    await leaveOut();
    await popup.close();
    await page.waitForTimeout(2500);
    await page.getByRole('heading', { level: 1 }).click();

    await expect(page.getByText('ada@example.com').first()).toBeVisible({ timeout: 15_000 });
  });

  for (const [behaviour, title] of [
    ['Answers 500', 'The provider is not answering'],
    ['Hangs up before answering', 'The provider is not answering'],
    ['Answers a web page with 200', 'The provider reported a problem'],
    ['Answers invalid_grant', 'The provider reported a problem'],
  ]) {
    test(`a provider that ${behaviour.toLowerCase()} is said to, and tried again`, async ({ page }) => {
      await popup.getByText('Demo switches').click();
      await popup.getByRole('combobox').selectOption({ label: behaviour });
      await go.decide(popup, 'Allow');
      await expect(go.problem(popup, title)).toBeVisible();
      await go.action(popup, 'Try again').click();
      await atFakeFiles(popup);
      await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

      await expect(page.getByText('ada@example.com').first()).toBeVisible();
    });
  }

  test('a window that is closed while the provider is slow loses nothing', async ({ page }) => {
    await popup.getByText('Demo switches').click();
    await popup.getByRole('combobox').selectOption({ label: 'Answers after 4 seconds' });
    await go.decide(popup, 'Allow');
    await expect(popup.getByRole('heading', { name: 'Connecting Fake Files…' })).toBeVisible();
    await popup.close();

    await expect(page.getByText('ada@example.com').first()).toBeVisible({ timeout: 15_000 });
  });

  test('a problem that the person turns away from is told to the app', async ({ page }) => {
    await go.decide(popup, 'Deny');
    await Promise.all([popup.waitForEvent('close'), go.action(popup, 'Back to Acme Notes').click()]);

    await expect(page.getByText('access_denied').first()).toBeVisible();
  });

  test('closing the window is an exit, told to the app', async ({ page }) => {
    await popup.close();
    // Headless browsers give the focus to every page, so none gains it: then a hand on the page says it. The
    // page listens for one as soon as it has noticed.
    await page.waitForTimeout(2500);
    await page.getByRole('heading', { level: 1 }).click();

    await expect(page.getByText('You left before anything was connected')).toBeVisible({ timeout: 15_000 });
    await expect(page.getByText('ada@example.com')).toHaveCount(0);
  });
});

test('in one tab', { tag: ['@redirect', '@no-js'] }, async ({ page, javaScriptEnabled }) => {
  await page.goto(DEMO.app);
  await connectButton(page).click();
  if (!javaScriptEnabled) await go.providerButton(page, 'Fake Files').click();
  await atFakeFiles(page);
  await go.decide(page, 'Allow');

  await page.waitForURL((url) => url.origin === DEMO.app);
  await expect(page.getByText('ada@example.com').first()).toBeVisible();
});
