/**
 * Mallory tries to have Victor's account connected for her, or hers for him. Two people, two browsers;
 * whatever she sends him, nothing is connected and the authorization server gets no token request.
 */
import { grantsOf, mint, provider } from './api.js';
import { ACME, BIRCH, CONNECT, EVIL } from './config.js';
import { ERROR_STATUS, expect, test } from './fixtures.js';
import * as go from './journey.js';

const WRONG_BROWSER = 'This page belongs to another browser or has expired';
const WRONG_ORIGIN = 'This page may not open the connection';

test.use({ announced: [ERROR_STATUS] });

test.describe('phishing', { tag: ['@redirect', '@no-js'] }, () => {
  test('a link with the session token opens nothing', async ({ page: victor, user: mallory, nothingConnected }) => {
    const { session_token } = await mint({ user: mallory, return_url: go.RETURN_URL });
    const before = (await provider.ledger()).counts.authorization_requests;
    await victor.goto(`${CONNECT}/connect?session=${session_token}`);

    await expect(victor.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(go.providerButton(victor)).toHaveCount(0);
    expect((await provider.ledger()).counts.authorization_requests).toBe(before);
    await nothingConnected(mallory);
  });

  test('a copied form on another site is refused, and the page names both sites', async ({ page: victor, user: mallory, nothingConnected }) => {
    const minted = await mint({ user: mallory, return_url: go.RETURN_URL });
    await go.open(victor, minted, {}, EVIL);

    await expect(go.problem(victor, WRONG_ORIGIN)).toBeVisible();
    await expect(victor.getByText(EVIL).first()).toBeVisible();
    await expect(victor.getByText(BIRCH).first()).toBeVisible();
    await victor.goto(`${CONNECT}/connect/${minted.session_id}`);
    await expect(go.providerButton(victor)).toHaveCount(0);
    await nothingConnected(mallory);
  });

  test('a form that hides its site is refused, and the page names the header', async ({ page: victor, user: mallory, nothingConnected }) => {
    await go.open(victor, await mint({ user: mallory, return_url: go.RETURN_URL }), { policy: 'no-referrer' });

    await expect(go.problem(victor, WRONG_ORIGIN)).toBeVisible();
    await expect(victor.getByText('Referrer-Policy').first()).toBeVisible();
    await nothingConnected(mallory);
  });

  test('the address of her open session shows him what any made-up address shows', async ({ page: hers, person, user: mallory, nothingConnected }) => {
    const minted = await mint({ user: mallory, return_url: go.RETURN_URL });
    await go.open(hers, minted);
    await expect(go.picker(hers)).toBeVisible();
    const victor = await person();
    const pageAt = async (id) => {
      const answer = await victor.goto(`${CONNECT}/connect/${id}`);
      await expect(go.problem(victor, WRONG_BROWSER)).toBeVisible();
      return { status: answer?.status(), text: (await victor.locator('body').innerText()).replaceAll(id, 'ID') };
    };
    const madeUp = `${minted.session_id.slice(0, -4)}aaaa`;

    expect(await pageAt(minted.session_id)).toEqual(await pageAt(madeUp));
    await nothingConnected(mallory);
  });

  test('his answer from the provider, taken to her browser, is not hers; it still works in his', async ({ page: his, person, user: victor }) => {
    await go.open(his, await mint({ user: victor, return_url: go.RETURN_URL }));
    const callback = await go.stopAtCallback(his, 'alice');
    const before = (await provider.ledger()).counts.token_requests;

    const mallory = await person();
    await mallory.goto(callback);
    await expect(go.problem(mallory, WRONG_BROWSER)).toBeVisible();
    expect((await provider.ledger()).counts.token_requests).toBe(before);
    expect(await grantsOf(victor)).toEqual([]);

    await his.goto(callback);
    await go.comeBack(his);
    expect(await grantsOf(victor)).toHaveLength(1);
  });

  test('her answer from the provider does not enter his open session', async ({ page: his, person, user, nothingConnected }) => {
    const [victor, mallory] = [`${user}-victor`, `${user}-mallory`];
    const hers = await person();
    await go.open(hers, await mint({ user: mallory, return_url: go.RETURN_URL }));
    const callback = await go.stopAtCallback(hers, 'bob');
    await go.open(his, await mint({ user: victor, return_url: go.RETURN_URL }));
    await go.pick(his);
    await his.goto(callback);

    await expect(go.problem(his, WRONG_BROWSER)).toBeVisible();
    await nothingConnected(victor, mallory);
  });

  test('her code at the callback of another registration is refused', async ({ page: hers, user: mallory, nothingConnected }) => {
    await go.open(hers, await mint({ user: mallory, return_url: go.RETURN_URL }));
    const callback = await go.stopAtCallback(hers, 'bob');
    await hers.goto(callback.replace('birch.oidc', 'birch.other'));

    await expect(hers.getByRole('heading', { level: 1 })).toBeVisible();
    await nothingConnected(mallory);
  });

  test('another site can press no button of his', async ({ page: victor, user, nothingConnected }) => {
    const before = (await provider.ledger()).counts.authorization_requests;
    await go.open(victor, await mint({ user, return_url: go.RETURN_URL }));
    const form = go.providerButton(victor).locator('xpath=ancestor::form');
    const action = new URL((await form.getAttribute('action')) ?? '', victor.url()).href;
    const fields = await form.locator('input, button').evaluateAll((all) =>
      all.map(({ name, value }) => [name, value]).filter(([name]) => name));
    await victor.goto(`${EVIL}/form?${new URLSearchParams([...fields, ['action', action]])}`);
    await victor.getByRole('button', { name: 'Connect' }).click();

    await expect(go.problem(victor, /another (site|browser)/)).toBeVisible();
    expect((await provider.ledger()).counts.authorization_requests).toBe(before);
    await nothingConnected(user);
  });
});

test('her return link shows nothing of hers in his app', { tag: '@redirect' }, async ({ page: hers, person }) => {
  await hers.goto(ACME);
  await hers.getByRole('button', { name: /^Connect/ }).first().click();
  await go.atProvider(hers);
  await go.signIn(hers, 'bob');
  // She keeps her own browser from going there, which would spend the code.
  const isBack = (url) => url.href.startsWith(ACME) && url.searchParams.has('grantway');
  await hers.route(isBack, (route) => route.abort());
  const [back] = await Promise.all([
    hers.waitForRequest((asked) => isBack(new URL(asked.url()))),
    go.decide(hers, 'Allow'),
  ]);
  const before = (await provider.ledger()).counts;
  const victor = await person();
  await victor.goto(back.url());

  await expect(victor.getByText('This connection belongs to another user')).toBeVisible();
  await expect(victor.getByText('bob@example.com')).toHaveCount(0);
  expect((await provider.ledger()).counts).toEqual(before);
});
