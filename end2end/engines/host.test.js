/**
 * What hosts do: mint slowly or not at all, throw, send policies, come back by redirect. In real windows of
 * the browser that `ENGINE` names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CONNECT, WIDGET } from '../config.js';
import { ENGINE, stage } from './stage.js';
import * as go from './steps.js';
import { kinds, succeeds } from './steps.js';

const browser = stage();

test('a blocked window is told, and the redirect follows', async () => {
  const page = await go.openHost(browser(), { auto: '6000', mint: 'slow' });
  await go.until(page, () => window.calls.length > 1);
  const calls = await go.calls(page);

  assert.deepEqual(go.events(calls), ['OPEN', 'ERROR']);
  assert.equal(calls[1].args[1].error.code, 'popup_blocked');
  await go.shows(page, 'button.provider');
  assert.ok((await go.address(page)).startsWith(CONNECT));
});

test('a blocked window does not stick to what follows: close() is then an exit', async () => {
  const page = await go.openHost(browser(), { auto: '6000', mint: 'slow' });
  await go.until(page, () => window.calls.length > 1);
  await page.evaluate(() => window.widget.close());
  const calls = await go.heard(page, 'exit');

  assert.deepEqual(go.outcomes(calls).map(({ kind, args: [told] }) => [kind, told]), [['exit', { stage: 'minted' }]]);
  const [, about] = calls.findLast(({ kind }) => kind === 'event').args;
  assert.equal(about.error, undefined);
});

test('a blocked window is an error where the host stays', async () => {
  const page = await go.openHost(browser(), { auto: '6000', stay: true });
  const calls = await go.heard(page, 'error');

  assert.deepEqual(kinds(calls), ['error']);
  assert.equal(go.outcomes(calls)[0].args[0].code, 'popup_blocked');
  assert.ok((await go.address(page)).startsWith(WIDGET));
});

test('minting may take six seconds', async () => {
  const page = await go.openHost(browser(), { mint: 'slow' });
  const popup = await go.connect(page);
  await go.finish(popup);

  await succeeds(page, popup);
});

test('minting that fails closes the window and is an error', async () => {
  const page = await go.openHost(browser(), { mint: 'fail' });
  const windows = (await browser().pages()).length;
  await page.click('#connect');
  const [{ kind, args: [error] }] = go.outcomes(await go.heard(page, 'error'));

  assert.deepEqual([kind, error.code, error.message], ['error', 'invalid_token', 'the backend said no']);
  await go.until(page, () => !window.widget.isOpen());
  await go.nothingFor(500);
  assert.equal((await browser().pages()).length, windows);
});

test('a function that throws at once is an error, told once', async () => {
  const page = await go.openHost(browser(), { mint: 'throw' });
  await page.click('#connect');
  await go.heard(page, 'error');
  await go.nothingFor(500);

  const calls = await go.calls(page);
  assert.deepEqual(kinds(calls), ['error']);
  assert.deepEqual(go.events(calls), ['OPEN', 'ERROR']);
});

test('minting that never ends is an error after thirty seconds', { timeout: 60_000 }, async () => {
  const page = await go.openHost(browser(), { mint: 'never' });
  const popup = await go.connect(page);
  await go.until(page, () => window.calls.some(({ kind }) => kind === 'error'));

  const [{ at }] = go.outcomes(await go.calls(page));
  assert.ok(at > 29_000, `${at} ms`);
  assert.ok(await popup.isClosed());
});

test('a handler that throws harms nothing', async () => {
  const page = await go.openHost(browser(), { throws: true });
  const popup = await go.connect(page);
  await go.finish(popup);
  const calls = await go.heard(page, 'bus:success');

  assert.deepEqual(kinds(calls), ['success']);
  assert.deepEqual(go.events(calls), ['OPEN', 'PROVIDER_SELECTED', 'OAUTH_STARTED', 'OAUTH_COMPLETE']);
});

test('a host under no-referrer opens a window', async () => {
  const page = await go.openHost(browser(), { policy: 'no-referrer' });
  const popup = await go.connect(page);
  await go.finish(popup);

  await succeeds(page, popup);
});

const policy = (more) => `default-src 'none'; script-src 'self'; ${more}; require-trusted-types-for 'script'`;

test('a strict policy with two directives is enough', async () => {
  const csp = policy(`connect-src 'self' ${CONNECT}; form-action ${CONNECT}`);
  const page = await go.openHost(browser(), { csp });
  const popup = await go.connect(page);
  await go.finish(popup);

  await succeeds(page, popup);
});

for (const mode of ['popup', 'redirect']) {
  test(`a policy that keeps the form back is named, by ${mode}`, async () => {
    const csp = policy(`connect-src 'self' ${CONNECT}; form-action 'none'`);
    const page = await go.openHost(browser(), { csp, mode, explain: true });
    await page.click('#connect');
    const [{ args: [error] }] = go.outcomes(await go.heard(page, 'error'));

    assert.equal(error.code, 'invalid_options');
    assert.match(error.message, new RegExp(`Add ${CONNECT} to form-action`));
    assert.deepEqual(kinds(await go.calls(page)), ['error']);
  });
}

const deaf = ENGINE === 'webkit' && 'its driver tells nothing of the console';
test('a policy that keeps the poll back is named, and the message still arrives', { skip: deaf }, async () => {
  const page = await go.openHost(browser(), { csp: policy(`connect-src 'self'; form-action ${CONNECT}`), explain: true });
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  const popup = await go.connect(page);
  await go.finish(popup);

  await succeeds(page, popup);
  assert.ok(said.some((text) => text.includes(`Add ${CONNECT} to connect-src`)), said.join('\n'));
});

async function redirected(options) {
  const page = await go.openHost(browser(), { mode: 'redirect', ...options });
  await page.click('#connect');
  await go.finish(page);
  await go.until(page, (home) => location.href.startsWith(home), WIDGET);
  await go.shows(page, '[data-ready]');
  return page;
}

test('a redirect is told to a handler that comes late, and leaves the rest of the URL alone', async () => {
  const page = await redirected({ return: `${WIDGET}/?late=1000&flag&x=1%202` });
  await go.heard(page, 'bus:success');
  await go.nothingFor(500);

  assert.equal((await go.calls(page)).filter(({ kind }) => kind === 'bus:success').length, 1);
  assert.equal(await go.address(page), `${WIDGET}/?late=1000&flag&x=1%202`);

  await page.reload();
  await go.shows(page, '[data-ready]');
  await go.nothingFor(1500);
  assert.deepEqual(await go.calls(page), [], 'told once');
});

test('a redirect’s result survives reloads until it is heard, on another page than the one that left', async () => {
  const page = await redirected({ return: `${WIDGET}/elsewhere?hold` });
  await go.nothingFor(500);
  await page.reload();
  await go.shows(page, '[data-ready]');
  await page.goto(`${WIDGET}/third?late=1`);

  await go.heard(page, 'bus:success');
});

test('a forged parameter gives nothing', async () => {
  const page = await go.openHost(browser(), { late: '1' });
  const code = `grantway=gwr_${'A'.repeat(43)}`;
  for (const [address, clean] of [
    [`/?late=1&${code}`, '/?late=1'],
    [`/?${code}&late=1#part`, '/?late=1#part'],
    [`/?flag&${code}&late=1`, '/?flag&late=1'],
    [`/?${code}#part`, '/#part'],
  ]) {
    await page.goto(`${WIDGET}${address}`);
    await go.shows(page, '[data-ready]');
    await go.nothingFor(1000);

    assert.deepEqual(await go.calls(page), []);
    assert.equal(await go.address(page), `${WIDGET}${clean}`);
  }
});

test('a parameter that was told gives nothing, in another tab either', async () => {
  const page = await redirected({ return: `${WIDGET}/?late=1` });
  await go.heard(page, 'bus:success');
  const link = await page.evaluate(() => performance.getEntriesByType('navigation')[0].name);
  assert.match(link, /grantway=gwr_/);
  await go.nothingFor(500);

  await page.evaluate(() => sessionStorage.clear());
  await page.goto(link);
  await go.shows(page, '[data-ready]');
  await go.nothingFor(1500);

  assert.deepEqual(await go.calls(page), []);
});

test('a token that opens nothing closes the window and is an error with its reason', async () => {
  const page = await go.openHost(browser());
  await page.evaluate(() => {
    const button = document.querySelector('#other');
    const note = (error) => window.calls.push({ kind: 'error', at: 0, args: [{ ...error }] });
    button.addEventListener('click', () => window.widget.open({ token: 'gws_unknown', onError: note }));
  });
  const windows = (await browser().pages()).length;
  await page.click('#other');
  const [{ args: [error] }] = go.outcomes(await go.heard(page, 'error'));

  assert.deepEqual([error.code, error.details], ['invalid_token', { reason: 'unknown' }]);
  await go.until(page, () => !window.widget.isOpen());
  await go.nothingFor(500);
  assert.equal((await browser().pages()).length, windows);
});
