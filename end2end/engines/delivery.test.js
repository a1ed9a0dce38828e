/**
 * One click, one outcome: in real windows of the browser that `ENGINE` names, with a window manager.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { provider } from '../api.js';
import { CONNECT } from '../config.js';
import { stage } from './stage.js';
import * as go from './steps.js';
import { kinds, succeeds } from './steps.js';

const browser = stage();

/** A success as Grantway would tell it. */
const FORGED = {
  type: 'grantway:result', session_id: 'cs_forged', stage: 'finished', status: 'success',
  connection: { grant_id: 'forged', account_identifier: 'mallory@example.com' }, connections: [],
};

test('a success arrives once, with its connection, and the window closes', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.finish(popup);
  await succeeds(page, popup);

  const calls = await go.calls(page);
  const [{ args: [connection, connections] }] = go.outcomes(calls);
  assert.equal(connection.account_identifier, 'alice@example.com');
  assert.deepEqual(connections, [connection]);
  assert.deepEqual(go.events(calls), ['OPEN', 'PROVIDER_SELECTED', 'OAUTH_STARTED', 'OAUTH_COMPLETE']);
  assert.equal(calls.filter(({ kind }) => kind === 'bus:success').length, 1);
});

for (const coop of ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups']) {
  test(`a provider with COOP ${coop} loses nothing, however long the person types`, async () => {
    await provider.set({ coop });
    const page = await go.openHost(browser());
    const popup = await go.connect(page);
    await go.finish(popup, 6000);

    await succeeds(page, popup);
    const [{ at }] = go.outcomes(await go.calls(page));
    assert.ok(at > 6000, `${at} ms`);
  });
}

for (const [words, headers] of [
  ['COOP same-origin', { coop: 'same-origin' }],
  ['COOP same-origin-allow-popups', { coop: 'same-origin-allow-popups' }],
  ['COOP same-origin and COEP require-corp', { coop: 'same-origin', coep: 'require-corp' }],
]) {
  test(`a host with ${words} hears the success, and no exit before it, however long the person picks`, async () => {
    const page = await go.openHost(browser(), headers);
    const popup = await go.connect(page);
    await go.shows(popup, 'button.provider');
    await go.nothingFor(3000);
    await go.finish(popup, 4000);

    await succeeds(page, popup);
  });
}

test('a window closed on the picker is soon an exit', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.shows(popup, 'button.provider');
  const closing = await page.evaluate(() => performance.now());
  await popup.close();
  await go.heard(page, 'exit');
  const took = (await page.evaluate(() => performance.now())) - closing;

  const [{ args: [exit] }] = go.outcomes(await go.calls(page));
  assert.equal(exit.stage, 'picking');
  assert.ok(took < 2500, `${took} ms`);
});

test('a window closed at a provider that cuts nothing is soon an exit', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  const closing = await page.evaluate(() => performance.now());
  await popup.close();
  await go.heard(page, 'exit');
  const took = (await page.evaluate(() => performance.now())) - closing;

  const [{ args: [exit] }] = go.outcomes(await go.calls(page));
  assert.deepEqual(exit, { stage: 'at_provider', provider: 'oidc' });
  assert.ok(took < 2500, `${took} ms`);
});

test('cut off, but the person goes on in the window: a hand on the page is no exit', async () => {
  await provider.set({ coop: 'same-origin' });
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  await go.signIn(popup);
  await go.nothingFor(2500);
  await page.click('#other');
  await popup.bringToFront();
  await go.allow(popup);

  await succeeds(page, popup);
});

test('cut off and left: an exit five seconds after a hand on the page; a later success is told as late', async () => {
  await provider.set({ coop: 'same-origin' });
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  await page.evaluate(() => document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })));
  await go.nothingFor(6000);
  assert.deepEqual(kinds(await go.calls(page)), [], 'the person still types; a script of the page is no hand');

  const touched = await page.evaluate(() => performance.now());
  await page.click('#other');
  await go.heard(page, 'exit');
  const took = (await page.evaluate(() => performance.now())) - touched;
  assert.ok(took > 4500 && took < 7000, `${took} ms`);

  await go.signIn(popup);
  await go.allow(popup);
  const calls = await go.heard(page, 'bus:success');
  assert.deepEqual(kinds(calls), ['exit']);
  assert.deepEqual(calls.find(({ kind }) => kind === 'bus:success').args[2], { late: true });
});

test('cut off and left: close() is an exit at once', async () => {
  await provider.set({ coop: 'same-origin' });
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  await go.nothingFor(2500);
  await page.evaluate(() => window.widget.close());

  assert.deepEqual(kinds(await go.heard(page, 'exit')), ['exit']);
});

test('a message counts from the window and from Grantway alone', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.reachProvider(popup);
  await page.evaluate((forged) => window.postMessage(forged, '*'), FORGED);
  await popup.evaluate((forged) => window.opener.postMessage(forged, '*'), FORGED);
  const other = new Promise((found) => page.once('popup', found));
  await page.evaluate((url) => document.querySelector('#other').addEventListener('click', () => window.open(url)), `${CONNECT}/healthz`);
  await page.click('#other');
  const stranger = await other;
  await go.until(stranger, (url) => location.href.startsWith(url), CONNECT);
  await stranger.evaluate((forged) => window.opener.postMessage(forged, '*'), FORGED);
  await go.nothingFor(500);
  assert.deepEqual(kinds(await go.calls(page)), []);

  await stranger.close();
  await go.signIn(popup);
  await go.allow(popup);
  await succeeds(page, popup);
  const [{ args: [connection] }] = go.outcomes(await go.calls(page));
  assert.equal(connection.account_identifier, 'alice@example.com');
});

test('a click opens again after an exit that nobody listened to', async () => {
  const page = await go.openHost(browser(), { silent: true });
  for (let round = 0; round < 3; round += 1) {
    const popup = await go.connect(page);
    await go.shows(popup, 'button.provider');
    await popup.close();
    await go.until(page, () => !window.widget.isOpen());
  }
  const popup = await go.connect(page);
  await go.finish(popup);

  await succeeds(page, popup);
});

test('a second click shows the window that is open', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.shows(popup, 'button.provider');
  const windows = (await browser().pages()).length;
  await page.bringToFront();
  await page.click('#connect');
  await go.until(popup, () => document.hasFocus());

  assert.equal((await browser().pages()).length, windows);
  await go.finish(popup);
  await succeeds(page, popup);
});

test('close() is an exit, told once', async () => {
  const page = await go.openHost(browser());
  const popup = await go.connect(page);
  await go.shows(popup, 'button.provider');
  await page.evaluate(() => {
    window.widget.close();
    window.widget.close();
  });
  await go.nothingFor(2500);

  assert.deepEqual(kinds(await go.calls(page)), ['exit']);
  assert.ok(await popup.isClosed());
});

test('after off() a handler hears nothing, after destroy() nobody does', async () => {
  const page = await go.openHost(browser());
  await page.evaluate(() => {
    const heard = () => window.calls.push({ kind: 'removed', at: 0, args: [] });
    window.widget.on('event', heard);
    window.widget.off('event', heard);
  });
  const popup = await go.connect(page);
  await go.shows(popup, 'button.provider');
  const refused = await page.evaluate(() => {
    window.widget.destroy();
    try {
      window.widget.open({ token: 'gws_x' });
    } catch (error) {
      return error.code;
    }
  });
  await go.nothingFor(2500);

  assert.deepEqual((await go.calls(page)).map(({ kind }) => kind), ['event'], 'OPEN, before the end');
  assert.equal(refused, 'destroyed');
  assert.ok(await popup.isClosed());
});

test('a session of several providers tells the last connection, and all of them', async () => {
  const page = await go.openHost(browser(), { multiple: true });
  const popup = await go.connect(page);
  for (const name of ['Example ID', 'Other ID']) {
    await go.pickAndAllow(popup, name);
    await go.until(popup, () => document.body.innerText.includes('Done'));
  }
  await go.pressDone(popup);
  await succeeds(page, popup);

  const [{ args: [connection, connections] }] = go.outcomes(await go.calls(page));
  assert.deepEqual(connections.map(({ provider }) => provider), ['oidc', 'other']);
  assert.deepEqual(connection, connections[1]);
});
