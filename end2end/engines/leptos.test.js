/**
 * The Leptos button keeps the widget's rules: `examples/rust-csr` in real windows of the browser that
 * `ENGINE` names, with a window manager.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { provider } from '../api.js';
import { CONNECT } from '../config.js';
import { APPS, homeOf, startApp } from '../examples.js';
import { stage } from './stage.js';
import * as go from './steps.js';

const APP = APPS.find(({ name }) => name === 'leptos');
/** The visitor of an earlier test is still there, with the same grant. */
const CONNECTED = ['Connected Example ID as alice@example.com', 'Reconnected Example ID as alice@example.com'];
const LEFT = ['You left before anything was connected'];

const browser = stage(async () => {
  const backend = await startApp(APP);
  return () => backend.kill();
});

async function openApp() {
  const page = await browser().newPage();
  await page.goto(homeOf(APP));
  await go.shows(page, 'form[data-grantway=ready]');
  await page.bringToFront();
  return page;
}

async function connect(page) {
  const popup = new Promise((found) => page.once('popup', found));
  await page.click('form[data-grantway] button');
  const opened = await Promise.race([popup, sleep(go.PATIENCE)]);
  assert.ok(opened, 'no window opened');
  return opened;
}

const said = (page) => page.evaluate(() => document.querySelector('[role=status]').innerText);
const says = (page, words) => go.until(page, (words) => words.includes(document.querySelector('[role=status]').innerText), words);

for (const coop of ['', 'same-origin', 'same-origin-allow-popups', 'noopener-allow-popups']) {
  test(`a provider with COOP \`${coop}\` loses nothing, however long the person types`, async () => {
    await provider.set({ coop });
    const page = await openApp();
    const popup = await connect(page);
    await go.reachProvider(popup);
    await go.signIn(popup, 4000);
    assert.equal(await said(page), '');
    await go.allow(popup);

    await says(page, CONNECTED);
    await sleep(500);
    assert.ok(await popup.isClosed(), 'the window is still there');
  });
}

test('a window closed on the picker is soon an exit', async () => {
  const page = await openApp();
  const popup = await connect(page);
  await go.shows(popup, 'button.provider');
  const closing = await page.evaluate(() => performance.now());
  await popup.close();
  await says(page, LEFT);
  const took = (await page.evaluate(() => performance.now())) - closing;

  assert.ok(took < 2500, `${took} ms`);
});

test('cut off and left: an exit five seconds after a hand on the page; a later success is told as late', async () => {
  await provider.set({ coop: 'same-origin' });
  const page = await openApp();
  const popup = await connect(page);
  await go.reachProvider(popup);
  await page.evaluate(() => document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })));
  await go.nothingFor(6000);
  assert.equal(await said(page), '', 'the person still types; a script of the page is no hand');

  const touched = await page.evaluate(() => performance.now());
  await page.click('h1');
  await says(page, LEFT);
  const took = (await page.evaluate(() => performance.now())) - touched;
  assert.ok(took > 4500 && took < 7000, `${took} ms`);

  await go.signIn(popup);
  await go.allow(popup);
  await says(page, CONNECTED);
});

test('a blocked window becomes a redirect', async () => {
  const page = await openApp();
  // Longer than a click lasts.
  await page.evaluate(() => void setTimeout(() => document.querySelector('form[data-grantway] button').click(), 6000));
  await go.shows(page, 'button.provider');

  assert.ok((await go.address(page)).startsWith(CONNECT));
  await go.finish(page);
  await go.until(page, (home) => location.href === home, homeOf(APP));
  await says(page, CONNECTED);
});

test('minting that fails closes the window and is an error', async () => {
  const page = await openApp();
  const windows = (await browser().pages()).length;
  await page.evaluate(() => {
    window.fetch = () => Promise.reject(new TypeError('offline'));
  });
  await page.click('form[data-grantway] button');
  await go.until(page, () => document.querySelector('[role=status]').innerText.startsWith('Nothing was connected: '));
  await go.nothingFor(500);

  assert.equal((await browser().pages()).length, windows);
});
