/** Reload, Back and second tabs: what people do in the middle. Nothing is spent twice or lost. */
import { grantsOf, mint, provider } from './api.js';
import { CONNECT } from './config.js';
import { ERROR_STATUS, expect, test } from './fixtures.js';
import * as go from './journey.js';

const returning = (user) => mint({ user, return_url: go.RETURN_URL });
const spent = async () => (await provider.ledger()).counts.token_requests;

test.describe('in one tab', { tag: ['@redirect', '@no-js'] }, () => {
  test('a reload on every page changes nothing', async ({ page, user }) => {
    const before = await spent();
    await go.open(page, await returning(user));
    await expect(go.picker(page)).toBeVisible();
    await page.reload();
    await go.pick(page);
    await page.reload();
    await go.signIn(page, 'alice');
    await page.reload();
    await go.decide(page, 'Allow');
    await go.comeBack(page);

    expect(await grantsOf(user)).toHaveLength(1);
    expect(await spent()).toBe(before + 1);
  });

  test('Back from the provider leads to the picker, and on again', async ({ page, user }) => {
    await go.open(page, await returning(user));
    await go.pick(page);
    await page.goBack();
    await go.connectAs(page, 'alice');
    await go.comeBack(page);

    expect(await grantsOf(user)).toHaveLength(1);
  });

  test('a callback that comes twice is exchanged once', async ({ page, user }) => {
    await go.open(page, await returning(user));
    const callback = await go.stopAtCallback(page, 'alice');
    const before = await spent();
    await page.goto(callback);
    await go.comeBack(page);
    await page.goto(callback);
    await go.comeBack(page);

    expect(await spent()).toBe(before + 1);
    expect(await grantsOf(user)).toHaveLength(1);
  });

  test('two sessions in two tabs do not meet', async ({ page, context, user }) => {
    const other = await context.newPage();
    await go.open(page, await returning(user));
    await go.open(other, await returning(`${user}-2`));
    await go.pick(page);
    await go.connectAs(other, 'bob');
    await go.comeBack(other);
    await page.reload();
    await go.signIn(page, 'alice');
    await go.decide(page, 'Allow');
    await go.comeBack(page);

    expect(await grantsOf(user)).toMatchObject([{ account_identifier: 'alice@example.com' }]);
    expect(await grantsOf(`${user}-2`)).toMatchObject([{ account_identifier: 'bob@example.com' }]);
  });

  test.describe('after the end', () => {
    test.use({ announced: [ERROR_STATUS] });

    test('the same session in a second tab is over', async ({ page, context, user }) => {
      const minted = await returning(user);
      const other = await context.newPage();
      await go.open(page, minted);
      await other.goto(`${CONNECT}/connect/${minted.session_id}`);
      await expect(go.picker(other)).toBeVisible();
      await go.connectAs(page, 'alice');
      await go.comeBack(page);
      const before = await spent();
      await go.providerButton(other).click();

      await expect(go.picker(other)).toBeHidden();
      expect(await spent()).toBe(before);
      expect(await grantsOf(user)).toHaveLength(1);
    });

    test('a session opens once: its form, sent again, only tells that it is over', async ({ page, user, nothingConnected }) => {
      const minted = await returning(user);
      await go.open(page, minted);
      await go.action(page, 'Cancel').click();
      await go.comeBack(page);
      await go.open(page, minted);

      await expect(go.picker(page)).toBeHidden();
      await nothingConnected(user);
    });
  });
});

test('a window survives a reload in the middle', { tag: '@popup' }, async ({ page, user }) => {
  const popup = await go.openPopup(page, await mint({ user }));
  await go.pick(popup);
  await popup.reload();
  await go.signIn(popup, 'alice');
  await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

  expect(await go.told(page)).toMatchObject({ status: 'success' });
});
