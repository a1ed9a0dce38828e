/** The steps of a connection as a person takes them, page by page. Each finds things by role and name. */
import { BIRCH, CONNECT, OIDC } from './config.js';
import { expect } from './fixtures.js';

/** @typedef {import('@playwright/test').Page} Page */

export const RETURN_URL = `${BIRCH}/back`;

/**
 * Opens a session from the app's page, in the same tab.
 * @param {Page} page
 * @param {{ session_token: string }} minted
 * @param {Record<string, string>} [fields] more fields of the form, or `policy`
 */
export async function open(page, { session_token }, fields = {}, host = BIRCH) {
  await page.goto(`${host}/form?${new URLSearchParams({ session: session_token, ...fields })}`);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
}

/**
 * Opens a session from the app's page, in a window.
 * @param {Page} page
 * @param {{ session_token: string }} minted
 * @returns {Promise<Page>} the window
 */
export async function openPopup(page, { session_token }) {
  await page.goto(`${BIRCH}/popup?session=${session_token}`);
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Connect', exact: true }).click(),
  ]);
  return popup;
}

/** What the window told the page that opened it, once it did. */
export async function told(page) {
  const output = page.getByRole('status', { name: 'Result' });
  await expect(output).not.toBeEmpty();
  return JSON.parse((await output.textContent()) ?? '');
}

export const picker = (page) => page.getByRole('heading', { level: 1, name: /^Connect .+ to / });
export const providerButton = (page, name = 'Example ID') => page.getByRole('button', { name: `Continue with ${name}` });
export const problem = (page, title) => page.getByRole('heading', { level: 1, name: title });
export const action = (page, name) => page.getByRole('button', { name }).or(page.getByRole('link', { name }));

/** Picks Example ID and arrives on its sign-in page. */
export async function pick(page) {
  await expect(picker(page)).toBeVisible();
  await providerButton(page).click();
  await atProvider(page);
}

/** Waits for Example ID's sign-in page. */
export async function atProvider(page) {
  await page.waitForURL((url) => url.origin === OIDC);
  await expect(page.getByRole('heading', { name: 'Sign in to Example ID' })).toBeVisible();
}

/** @param {'alice' | 'bob'} account */
export async function signIn(page, account) {
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Allow grantway?' })).toBeVisible();
}

/**
 * The last click may close the window before Playwright sees it done.
 * @param {'Allow' | 'Deny'} word
 */
export const decide = (page, word) => page.getByRole('button', { name: word, exact: true }).click({ noWaitAfter: true });

/** From the picker to the click that allows. */
export async function connectAs(page, account) {
  await pick(page);
  await signIn(page, account);
  await decide(page, 'Allow');
}

/** From there back to the app's page. Answers the code that came along. */
export async function comeBack(page) {
  await page.waitForURL((url) => url.href.startsWith(RETURN_URL));
  const code = await page.getByRole('status', { name: 'Code' }).textContent();
  expect(code).toMatch(/^gwr_/);
  expect([...new URL(page.url()).searchParams.keys()]).toEqual(['grantway']);
  return code;
}

/**
 * Goes as far as the provider's answer, and keeps it from arriving. By CDP: `page.route` never sees what a
 * redirect leads to.
 * @returns {Promise<string>} the callback's address, with state and code
 */
export async function stopAtCallback(page, account) {
  await pick(page);
  await signIn(page, account);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Fetch.enable', { patterns: [{ urlPattern: `${CONNECT}/connect/callback/*` }] });
  const paused = new Promise((resolve) => cdp.once('Fetch.requestPaused', resolve));
  await decide(page, 'Allow');
  const { requestId, request } = await paused;
  await cdp.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
  await cdp.detach();
  return request.url;
}
