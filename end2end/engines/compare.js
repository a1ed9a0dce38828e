/**
 * Ours and `@alter-ai/connect` 0.8.0, each as its documentation shows it, through the same host page, provider
 * and steps, in real windows. Writes what each did into widget/README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { provider } from '../api.js';
import { WIDGET } from '../config.js';
import startServers from '../servers.js';
import { launch } from './browsers.js';
import { startDesktop } from './desktop.js';
import { startHost } from './host.js';
import { startReference } from './reference.js';
import * as go from './steps.js';

const ENGINES = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' };
const WIDGETS = ['grantway', 'alter'];
const TABLE = new URL('../../widget/README.md', import.meta.url);

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** What ended the click, in words; waits a while for what comes after it, and for what should not. */
async function outcome(page, patience = 4000) {
  await go.heard(page, 'success', 'error', 'exit').catch(() => {});
  await sleep(patience);
  const told = go.outcomes(await go.calls(page));
  return told.map(({ kind, at, args: [about] }) => `${about?.code ?? kind} at ${seconds(at)}`).join(', then ') || 'nothing';
}

/** Through the whole flow; the window may be closed under the person by then. */
async function through(page, { pause = 0, typing }) {
  const popup = await go.connect(page).catch(() => undefined);
  await sleep(pause);
  if (popup) await go.finish(popup, typing).catch(() => {});
  return outcome(page);
}

const typed = (options, { coop = '' } = {}) => async (browser) => {
  await provider.set({ coop });
  return through(await go.openHost(browser, options), { typing: 6000 });
};

/** From the window's closing to the exit. */
async function leaves(browser, options) {
  const page = await go.openHost(browser, options);
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  const closing = await page.evaluate(() => performance.now());
  await popup.close();
  await go.heard(page, 'exit');
  return `exit after ${seconds((await page.evaluate(() => performance.now())) - closing)}`;
}

async function opensAgain(browser, options) {
  const page = await go.openHost(browser, { ...options, silent: true });
  const popup = await go.connect(page);
  await go.shows(popup, 'button.provider, input[name=account]');
  await popup.close();
  await sleep(3000);
  return go.connect(page).then(() => 'opens', () => 'nothing opens, ever again');
}

async function isBlocked(browser, options) {
  const page = await go.openHost(browser, { ...options, auto: '6000' });
  await sleep(10_000);
  if (!(await go.address(page)).startsWith(WIDGET)) return 'redirect';
  return outcome(page, 0);
}

/** On a phone held upright: the reference has no `mode`. */
async function comesBack(browser, options) {
  const page = await go.openHost(browser, { ...options, return: `${WIDGET}/?late=1000` });
  await page.evaluate(() => {
    Object.defineProperty(window, 'screen', { value: { width: 390, height: 844 } });
    Object.defineProperty(window, 'innerWidth', { value: 390 });
    Object.defineProperty(window, 'innerHeight', { value: 844 });
    Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 });
  });
  await page.click('#connect');
  await go.finish(page);
  await go.until(page, (home) => location.href.startsWith(home), WIDGET);
  await go.shows(page, '[data-ready]');
  await sleep(3000);
  return (await go.calls(page)).some(({ kind }) => kind === 'bus:success') ? 'success' : 'nobody hears it';
}

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15';

/** Chromium alone lets its screen and fingers be played. */
const on = ({ width, height }) => async (browser, options, engine) => {
  if (engine !== 'chromium') return 'not played';
  const page = await go.openHost(browser, options);
  const client = await page.createCDPSession();
  await client.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
  await client.send('Emulation.setDeviceMetricsOverride', {
    width, height, deviceScaleFactor: 2, mobile: true,
    // iOS never turns `screen`.
    screenWidth: Math.min(width, height), screenHeight: Math.max(width, height),
  });
  await page.reload();
  await go.shows(page, '[data-ready]');
  const popup = new Promise((found) => page.once('popup', found));
  await page.click('#connect');
  const opened = await Promise.race([popup, sleep(4000)]);
  return opened ? 'popup' : page.url().startsWith(WIDGET) ? 'nothing' : 'redirect';
};

/** Words for the person who reads the table, what is done, and the browser's name for itself. */
const SCENARIOS = [
  ['the straight path', (browser, options) => typed(options)(browser)],
  ...['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups'].map((coop) => [
    `the provider's page sends COOP \`${coop}\`, six seconds of typing`,
    (browser, options) => typed(options, { coop })(browser),
  ]),
  ...['same-origin', 'same-origin-allow-popups'].map((coop) => [
    `the host's page sends COOP \`${coop}\`, three seconds before the first click`,
    async (browser, options) => through(await go.openHost(browser, { ...options, coop }), { pause: 3000 }),
  ]),
  ['the session takes six seconds to mint', (browser, options) => typed({ ...options, mint: 'slow' })(browser)],
  ['the person closes the window at the provider', leaves],
  ['Connect again after a closed window, without `onExit`', opensAgain],
  ['the browser blocks the window', isBlocked],
  ['a redirect comes back; `on("success")` a second later', comesBack, IPHONE],
  ['iPhone, lying (844 × 390)', on({ width: 844, height: 390 }), IPHONE],
  ['iPad Pro 11, upright (834 × 1194)', on({ width: 834, height: 1194 }), MAC],
];

/** A window that does not open is an answer; anything else is a fault of these tests. */
function inWords(error) {
  if (error.message === 'no window opened') return 'no window opens';
  throw error;
}

async function measure(engine, display) {
  const columns = { grantway: [], alter: [] };
  for (const [words, run, userAgent] of SCENARIOS) {
    for (const name of WIDGETS) {
      const browser = await launch(engine, display, userAgent);
      const did = await run(browser, { with: name }, engine).catch(inWords);
      await provider.set({ coop: '' });
      await browser.close();
      columns[name].push(did);
      console.log(`${engine} · ${name} · ${words}: ${did}`);
    }
  }
  return columns;
}

function write(measured) {
  const rows = SCENARIOS.map(([words], row) => {
    const cells = Object.values(measured).flatMap((columns) => WIDGETS.map((name) => columns[name][row]));
    return `| ${[words, ...cells].join(' | ')} |`;
  });
  const names = Object.values(ENGINES).flatMap((engine) => [`${engine}: ours`, `${engine}: 0.8.0`]);
  const table = [`| | ${names.join(' | ')} |`, `|${'---|'.repeat(names.length + 1)}`, ...rows].join('\n');
  const text = readFileSync(TABLE, 'utf8');
  const marked = /(<!-- comparison -->\n)[^]*(<!-- \/comparison -->)/;
  writeFileSync(TABLE, text.replace(marked, (_, before, after) => `${before}${table}\n${after}`));
}

const stops = [await startServers(), await startHost(), await startReference()];
const desktop = await startDesktop();
stops.push(desktop.stop);
try {
  const measured = {};
  for (const engine of Object.keys(ENGINES)) measured[engine] = await measure(engine, desktop.display);
  write(measured);
} finally {
  for (const stop of stops.reverse()) await stop();
}
