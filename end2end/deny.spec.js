/** A person who says no is told what happened, loses nothing, and may think again. */
import { grantsOf, mint } from './api.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

const DECLINED = 'You declined access';

test.describe('in one tab', { tag: ['@redirect', '@no-js'] }, () => {
  test.beforeEach(async ({ page, user }) => {
    await go.open(page, await mint({ user, return_url: go.RETURN_URL }));
    await go.pick(page);
  });

  test('no on the consent page, then back to the app', async ({ page, user, nothingConnected }) => {
    await go.signIn(page, 'alice');
    await go.decide(page, 'Deny');
    await expect(go.problem(page, DECLINED)).toBeVisible();
    await go.action(page, 'Back to Birch').click();
    await go.comeBack(page);

    await nothingConnected(user);
  });

  test('no on the sign-in page', async ({ page, user, nothingConnected }) => {
    await page.getByRole('button', { name: 'Cancel' }).click();

    await expect(go.problem(page, DECLINED)).toBeVisible();
    await nothingConnected(user);
  });

  test('no, then yes', async ({ page, user }) => {
    await go.signIn(page, 'alice');
    await go.decide(page, 'Deny');
    await expect(go.problem(page, DECLINED)).toBeVisible();
    await go.action(page, 'Try again').click();
    await go.atProvider(page);
    await go.signIn(page, 'bob');
    await go.decide(page, 'Allow');
    await go.comeBack(page);

    expect(await grantsOf(user)).toMatchObject([{ account_identifier: 'bob@example.com' }]);
  });

  test('a reload of the problem page repeats nothing', async ({ page, user, nothingConnected }) => {
    await go.signIn(page, 'alice');
    await go.decide(page, 'Deny');
    await expect(go.problem(page, DECLINED)).toBeVisible();
    await page.reload();

    await expect(go.problem(page, DECLINED)).toBeVisible();
    await nothingConnected(user);
  });
});

test('in a window: back to the app closes it and tells access_denied', { tag: '@popup' }, async ({ page, user, nothingConnected }) => {
  const popup = await go.openPopup(page, await mint({ user }));
  await go.pick(popup);
  await go.signIn(popup, 'alice');
  await go.decide(popup, 'Deny');
  await expect(go.problem(popup, DECLINED)).toBeVisible();
  await Promise.all([
    popup.waitForEvent('close'),
    go.action(popup, 'Back to Birch').click({ noWaitAfter: true }),
  ]);

  expect(await go.told(page)).toMatchObject({ status: 'error', error: { code: 'access_denied' } });
  await nothingConnected(user);
});
