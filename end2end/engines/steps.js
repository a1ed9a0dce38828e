/**
 * What a person does in these tests, and what the host page wrote down of it. Pages are puppeteer's.
 *
 * @typedef {import('puppeteer-core').Page} Page
 * @typedef {{ kind: string, at: number, args: any[] }} Call
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { WIDGET } from '../config.js';

/** Long enough for a slow machine; what is measured is told by the host page itself. */
export const PATIENCE = 15_000;

/** Longer than what the widget itself waits for: 30 seconds for the app to mint. */
const LONGEST = 40_000;

/**
 * A new host page; `options` as in host.js and pages/host.js.
 *
 * @param {import('puppeteer-core').Browser} browser
 * @param {Record<string, string | boolean>} [options]
 */
export async function openHost(browser, options = {}) {
  const page = await browser.newPage();
  const given = Object.entries({ user: `engines-${randomUUID()}`, ...options }).filter(([, value]) => value !== false);
  await page.goto(`${WIDGET}/?${new URLSearchParams(given.map(([name, value]) => [name, value === true ? '' : value]))}`);
  await shows(page, '[data-ready]');
  await page.bringToFront();
  return page;
}

/**
 * Presses Connect and waits for the window.
 *
 * @param {Page} page
 * @returns {Promise<Page>}
 */
export async function connect(page) {
  const popup = new Promise((found) => page.once('popup', found));
  await page.click('#connect');
  const opened = await Promise.race([popup, sleep(PATIENCE)]);
  if (!opened) throw new Error('no window opened');
  return opened;
}

/** Waits until a page shows such an element. */
export const shows = (view, css) => until(view, (css) => Boolean(document.querySelector(css)), css);

/** From the picker, if there is one, to the provider's sign-in page. */
export async function reachProvider(view) {
  await shows(view, 'button.provider, input[name=account]');
  if (await view.evaluate(() => Boolean(document.querySelector('button.provider')))) await view.click('button.provider');
  await shows(view, 'input[name=account]');
}

/** Signs in; `typing` is how long the person takes to type, in milliseconds. */
export async function signIn(view, typing = 0) {
  await view.type('input[name=account]', 'alice', { delay: typing / 5 });
  await view.click('button');
  await shows(view, 'button[value=allow]');
}

/** The last click: the window may be gone before it is answered. */
export const allow = (view) => view.click('button[value=allow]').catch(() => {});

/** All of it, in a window that just opened. */
export async function finish(view, typing) {
  await reachProvider(view);
  await signIn(view, typing);
  await allow(view);
}

/** The address the page is at. */
export const address = (page) => page.evaluate(() => location.href);

/** @type {WeakMap<Page, Promise<import('puppeteer-core').CDPSession>>} */
const sessions = new WeakMap();

/** Asks a page. What puppeteer itself evaluates by CDP passes for a click of the person's: windows would open. */
async function ask(view, question, ...args) {
  if (view.constructor.name !== 'CdpPage') return view.evaluate(question, ...args);
  if (!sessions.has(view)) sessions.set(view, view.createCDPSession());
  const session = await sessions.get(view);
  const expression = `(${question})(...${JSON.stringify(args)})`;
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return result.value;
}

/**
 * Waits until a page answers yes. Not by the driver's own wait, which builds a function in the page where
 * our policy may refuse that. Between two documents there is nobody to ask.
 */
export async function until(view, question, ...args) {
  const end = Date.now() + LONGEST;
  let refused;
  while (!(await ask(view, question, ...args).catch((error) => void (refused = error)))) {
    if (Date.now() > end) throw new Error(`not within ${LONGEST} ms: ${question}`, { cause: refused });
    await sleep(50);
  }
}

/** Waits until the host heard of such a kind; answers all that it heard. */
export async function heard(page, ...kinds) {
  await until(page, (kinds) => window.calls?.some(({ kind }) => kinds.includes(kind)), kinds);
  return calls(page);
}

/** @returns {Promise<Call[]>} */
export const calls = (page) => page.evaluate(() => window.calls);

/** The outcomes among them, by kind: what a click ends in. */
export const outcomes = (calls) => calls.filter(({ kind }) => ['success', 'error', 'exit'].includes(kind));

/** The names of the events. */
export const events = (calls) => calls.filter(({ kind }) => kind === 'event').map(({ args: [name] }) => name);

/** A wait during which nothing may happen: the time itself is what is tested. */
export const nothingFor = sleep;

/** The outcomes' kinds. */
export const kinds = (calls) => outcomes(calls).map(({ kind }) => kind);

/** The window closes, and then for a while nothing more is told. */
export async function succeeds(page, popup) {
  const told = await heard(page, 'success', 'exit', 'error');
  await nothingFor(1500);

  assert.deepEqual(kinds(await calls(page)), ['success'], JSON.stringify(told));
  assert.equal(await page.evaluate(() => window.widget.isOpen()), false);
  assert.ok(await popup.isClosed(), 'the window is still there');
}

/** One provider of several, to the click that allows. Who is signed in there is not asked again. */
export async function pickAndAllow(view, name) {
  await shows(view, 'button.provider');
  await view.evaluate((name) => {
    [...document.querySelectorAll('button.provider')].find((button) => button.innerText.includes(name)).click();
  }, name);
  await shows(view, 'input[name=account], button[value=allow]');
  if (await view.evaluate(() => Boolean(document.querySelector('input[name=account]')))) await signIn(view);
  await allow(view);
}

/** Ends a session of several. */
export const pressDone = (view) =>
  view.evaluate(() => [...document.querySelectorAll('button')].find((button) => button.innerText === 'Done').click());
