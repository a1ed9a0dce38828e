/** The picker of an app with many providers, each known from the built-in catalog. */
import { mint } from './api.js';
import { CONNECT, MANY } from './config.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

const shown = (page) => page.locator('.providers button:visible').evaluateAll((buttons) => buttons.map(({ value }) => value));

test('a search finds by name, by another name and by kind', { tag: '@popup' }, async ({ page, user }) => {
  await go.open(page, await mint({ app: 'cedar', user }));
  const search = page.getByRole('searchbox', { name: 'Search providers' });

  await expect(page.locator('.providers > li')).toHaveCount(MANY.length);
  await search.fill('Hub');
  expect(await shown(page)).toEqual(['github', 'hubspot']);
  await search.fill('crm');
  expect(await shown(page)).toEqual(['hubspot', 'salesforce', 'zoho-crm']);
  await search.fill('continue');
  expect(await shown(page)).toEqual([]);
});

test('logos are ours, and no request leaves our origin', { tag: ['@popup', '@no-js'] }, async ({ page, user }) => {
  const foreign = [];
  await go.open(page, await mint({ app: 'cedar', user }));
  page.on('request', (request) => new URL(request.url()).origin !== CONNECT && foreign.push(request.url()));
  const answered = page.waitForResponse((response) => response.url().includes('/logos/github-'));
  await page.reload({ waitUntil: 'networkidle' });

  const logo = await answered;
  expect(logo.headers()).toMatchObject({
    'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(await page.locator('.logo').count()).toBeGreaterThan(5);
  // What has no mark of its own has its first letter.
  await expect(page.getByRole('button', { name: 'Continue with LinkedIn' }).locator('.monogram')).toBeVisible();
  expect(foreign).toEqual([]);
});

test('the shop is asked for before the person leaves, and only its own domain is left for', { tag: ['@redirect', '@no-js'] }, async ({ page, user }) => {
  await page.route('https://*.myshopify.com/**', (route) => route.fulfill({ body: 'the shop', contentType: 'text/html' }));
  await go.open(page, await mint({ app: 'cedar', user }));
  await go.providerButton(page, 'Shopify').click();
  await page.getByRole('textbox', { name: 'Shop name' }).fill('https://Acme-Shop.myshopify.com/admin');
  await page.getByRole('button', { name: 'Continue' }).click();

  await page.waitForURL((url) => url.host === 'acme-shop.myshopify.com');
  expect(new URL(page.url()).searchParams.get('client_id')).toBe('cedar');
});
