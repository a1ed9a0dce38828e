/** The straight path, by each of the roads. */
import { grantsOf, mint, provider } from './api.js';
import { ACME, CONNECT, OIDC } from './config.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

const connectButton = (page) => page.getByRole('button', { name: /^Connect/ }).first();
const shownAccount = (page) => page.getByText('alice@example.com').first();

test.describe('the sample app', () => {
  test('opens a window in the click and shows the connection', { tag: '@popup' }, async ({ page }) => {
    await page.goto(ACME);
    const [popup] = await Promise.all([page.waitForEvent('popup'), connectButton(page).click()]);

    await go.atProvider(popup);
    await go.signIn(popup, 'alice');
    await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

    await expect(shownAccount(page)).toBeVisible();
    expect(page.url()).not.toContain('grantway=');
  });

  test('leaves in the same tab and shows the connection', { tag: '@redirect' }, async ({ page, context }) => {
    await page.goto(ACME);
    await connectButton(page).click();

    await go.atProvider(page);
    await go.signIn(page, 'alice');
    await go.decide(page, 'Allow');

    await page.waitForURL((url) => url.origin === ACME);
    await expect(shownAccount(page)).toBeVisible();
    expect(context.pages()).toHaveLength(1);
    await page.reload();
    await expect(shownAccount(page)).toBeVisible();
  });

  test('connects by forms alone', { tag: '@no-js' }, async ({ page }) => {
    await page.goto(ACME);
    await connectButton(page).click();

    await go.providerButton(page).click();
    await go.atProvider(page);
    await go.signIn(page, 'alice');
    await go.decide(page, 'Allow');

    await page.waitForURL((url) => url.origin === ACME);
    await expect(shownAccount(page)).toBeVisible();
  });
});

test('a window tells its opener one result, without tokens, and closes', { tag: '@popup' }, async ({ page, user }) => {
  const minted = await mint({ user, metadata: { plan: 'pro' } });
  const popup = await go.openPopup(page, minted);
  await go.pick(popup);
  await go.signIn(popup, 'alice');
  await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);

  const result = await go.told(page);
  expect(result).toMatchObject({
    type: 'grantway:result',
    session_id: minted.session_id,
    status: 'success',
    user: { id: user },
    connection: {
      provider: 'oidc', provider_name: 'Example ID', account_identifier: 'alice@example.com',
      account: { id: 'u-1001' }, status: 'active', operation: 'creation', metadata: { plan: 'pro' },
    },
  });
  expect(JSON.stringify(result)).not.toMatch(/_token|gws_/);
});

test.describe('in one tab', { tag: ['@redirect', '@no-js'] }, () => {
  test('a person picks, allows and comes back; the backend has a grant', async ({ page, user }) => {
    const before = (await provider.ledger()).counts;
    const minted = await mint({ user, return_url: go.RETURN_URL });
    await go.open(page, minted);
    expect(page.url()).toBe(`${CONNECT}/connect/${minted.session_id}`);
    await go.connectAs(page, 'alice');
    await go.comeBack(page);

    const grants = await grantsOf(user);
    expect(grants).toHaveLength(1);
    expect(grants[0]).toMatchObject({ provider: 'oidc', status: 'active', account_identifier: 'alice@example.com' });
    const ledger = await provider.ledger();
    expect(ledger.authorization_requests.slice(before.authorization_requests)).toMatchObject([
      { response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${CONNECT}/connect/callback/birch.oidc` },
    ]);
    expect(ledger.token_requests.slice(before.token_requests)).toMatchObject([
      { grant_type: 'authorization_code', with_verifier: true, status: 200 },
    ]);
  });

  test('the page itself may say where to come back to', async ({ page, user }) => {
    await go.open(page, await mint({ user }), { return_to: go.RETURN_URL });
    await go.connectAs(page, 'bob');
    await go.comeBack(page);

    expect(await grantsOf(user)).toHaveLength(1);
  });

  test('the picker names every provider, and Cancel goes back with nothing', async ({ page, user, nothingConnected }) => {
    await go.open(page, await mint({ user, return_url: go.RETURN_URL }));
    await expect(go.providerButton(page, 'Example ID')).toBeVisible();
    await expect(go.providerButton(page, 'Other ID')).toBeVisible();
    await go.action(page, 'Cancel').click();
    await go.comeBack(page);

    await nothingConnected(user);
  });
});

test('one provider needs no picking, and Back from it is no trap', { tag: '@redirect' }, async ({ page, user }) => {
  await go.open(page, await mint({ user, allowed_providers: ['oidc'], return_url: go.RETURN_URL }));
  await go.atProvider(page);
  await page.goBack();

  // On the picker, or on the app's page where that is what lies before; not at the provider again.
  await expect(go.providerButton(page).or(page.getByRole('button', { name: 'Connect', exact: true }))).toBeVisible();
  await page.reload();
  expect(new URL(page.url()).origin).not.toBe(OIDC);
});

test('one provider is one press', { tag: '@no-js' }, async ({ page, user }) => {
  await go.open(page, await mint({ user, allowed_providers: ['oidc'], return_url: go.RETURN_URL }));
  await expect(go.providerButton(page)).toHaveCount(1);
  await go.providerButton(page).click();
  await go.atProvider(page);
  await go.signIn(page, 'alice');
  await go.decide(page, 'Allow');
  await go.comeBack(page);

  expect(await grantsOf(user)).toHaveLength(1);
});
