/** Sessions that may be opened by a link: what the person sees, and who decides before the code is spent. */
import { call, grantsOf, mint, provider } from './api.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

const spent = async () => (await provider.ledger()).counts.token_requests;

/** Follows a link to the app's page. Answers the code that came along. */
async function follow(page, { connect_url }) {
  await page.goto(connect_url);
  await page.getByRole('button', { name: 'Yes, continue' }).click();
  await go.connectAs(page, 'alice');
  await page.waitForURL((url) => url.href.startsWith(go.RETURN_URL));
  return page.getByRole('status', { name: 'Code' }).textContent();
}

const complete = (code, user) => call('birch', '/v1/connect/complete', { json: { code, user: { id: user } } });

test.describe('a link', { tag: ['@redirect', '@no-js'] }, () => {
  test('to confirm names the app and the user, and connects for whoever says yes', async ({ page, user }) => {
    const minted = await mint({ user, return_url: go.RETURN_URL, link: 'confirm' });
    await page.goto(minted.connect_url);
    await expect(page.getByRole('heading', { level: 1, name: 'Connect an account to' })).toBeVisible();
    await expect(page.getByRole('definition').getByText(user)).toBeVisible();

    expect(await follow(page, minted)).toMatch(/^gwr_/);
    expect(await grantsOf(user)).toHaveLength(1);
  });

  test('to complete spends nothing before the app says who is signed in', async ({ page, user }) => {
    const before = await spent();
    const code = await follow(page, await mint({ user, return_url: go.RETURN_URL, link: 'code' }));
    expect(code).toMatch(/^gwc_/);
    expect(await spent()).toBe(before);

    const completed = await complete(code, user);

    expect([completed.status, completed.json.user.id]).toEqual([200, user]);
    expect(await spent()).toBe(before + 1);
  });

  test('to complete connects nothing for somebody else', async ({ page, user, nothingConnected }) => {
    const code = await follow(page, await mint({ user, return_url: go.RETURN_URL, link: 'code' }));

    const victim = await complete(code, 'the-victim');
    const later = await complete(code, user);

    expect([victim.status, victim.json.code]).toEqual([403, 'user_mismatch']);
    expect([later.status, later.json.code]).toEqual([410, 'invalid_token']);
    await nothingConnected(user, 'the-victim');
  });
});
