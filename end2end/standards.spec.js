/** The standards' corners, at servers that others wrote: form_post, pushed requests, plain OAuth 2.0. */
import { call, grantsOf, mint, provider, tokenOf, whoIs } from './api.js';
import { CONNECT, OIDC, PLAIN } from './config.js';
import { ERROR_STATUS, expect, test } from './fixtures.js';
import { send } from './http.js';
import * as go from './journey.js';

const plainLedger = async () => (await send(`${PLAIN}/__ledger`)).json;

/** From the app's page to Example ID's sign-in, as one of its other faces. */
async function leaveFor(page, user, id, name) {
  await go.open(page, await mint({ user, allowed_providers: [id, 'oidc'], return_url: go.RETURN_URL }));
  await go.providerButton(page, name).click();
  await go.atProvider(page);
}

async function allow(page, account) {
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await go.decide(page, 'Allow');
}

test('an answer by form post comes back to the same browser', { tag: '@redirect' }, async ({ page, user }) => {
  await leaveFor(page, user, 'posts', 'Posting ID');
  expect((await provider.ledger()).authorization_requests.at(-1)).toMatchObject({ response_mode: 'form_post' });
  await allow(page, 'alice');
  await go.comeBack(page);

  expect(await grantsOf(user)).toMatchObject([{ provider: 'posts', account_identifier: 'alice@example.com' }]);
});

test('a client that must push its requests does, and shows the browser nothing', { tag: '@redirect' }, async ({ page, user }) => {
  const seen = [];
  page.on('request', (request) => request.url().startsWith(`${OIDC}/auth`) && seen.push(new URL(request.url())));
  await leaveFor(page, user, 'pushed', 'Pushed ID');
  await allow(page, 'bob');
  await go.comeBack(page);

  expect([...seen[0].searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
  expect(seen[0].searchParams.get('request_uri')).toMatch(/^urn:ietf:params:oauth:request_uri:/);
  const [grant] = await grantsOf(user);
  const token = await tokenOf(grant.grant_id);
  expect((await whoIs(token.json.access_token)).json).toMatchObject({ sub: 'u-1002' });
});

test.describe('a plain server', () => {
  // The page that says what is wrong with the answer, and a missing favicon.
  test.use({ announced: [ERROR_STATUS] });

  test('asked where it is, connected, refreshed with rotation, revoked', { tag: ['@redirect', '@no-js'] }, async ({ page, user }) => {
    await go.open(page, await mint({ user, allowed_providers: ['plain', 'oidc'], return_url: go.RETURN_URL }));
    await go.providerButton(page, 'Plain').click();

    const site = page.getByRole('textbox', { name: 'Name of your site' });
    await expect(page.getByRole('heading', { level: 1, name: 'Your Plain account' })).toBeVisible();
    await site.fill('evil.test#');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(site).toHaveAccessibleDescription(/It should be like: plain/);
    await site.fill('Plain.localhost');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('heading', { name: 'Plain: allow read?' })).toBeVisible();
    await go.decide(page, 'Allow');
    await go.comeBack(page);

    const [grant] = await grantsOf(user);
    expect(grant).toMatchObject({ provider: 'plain', account: { id: '1001', handle: 'alice' }, scopes: ['read'] });
    const first = (await tokenOf(grant.grant_id)).json;
    const second = (await tokenOf(grant.grant_id)).json;
    expect(first.extra).toEqual({ site: 'plain' });
    expect(first.access_token).not.toBe(second.access_token);
    expect((await call('birch', `/v1/grants/${grant.grant_id}`, { method: 'DELETE' })).json.status).toBe('revoked');
    // The provider is told afterwards.
    await expect.poll(async () => (await plainLedger()).slice(-4)).toEqual([
      { path: '/token', basic: true, grant_type: 'authorization_code' },
      { path: '/token', basic: true, grant_type: 'refresh_token' },
      { path: '/token', basic: true, grant_type: 'refresh_token' },
      { path: '/revoke', basic: true, token_type_hint: 'refresh_token' },
    ]);
    expect(page.url()).not.toContain(CONNECT);
  });
});
