/**
 * `test` with people in it. Each person is a browser of their own; a test fails when any page of theirs
 * logs an error that the test did not announce by `test.use({ announced: [/…/] })`.
 */
import { randomUUID } from 'node:crypto';

import { expect, test as base } from '@playwright/test';

import { grantsOf, provider } from './api.js';

export { expect };

/** Chromium logs one for every page that answers an error status, ours on purpose. */
export const ERROR_STATUS = /Failed to load resource: the server responded with a status of 4\d\d/;

/** @param {import('@playwright/test').BrowserContext} context */
function watch(context, errors) {
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (event) => errors.push(`uncaught: ${event.error().message}`));
}

export const test = base.extend({
  announced: [[], { option: true }],

  errors: [async ({ announced }, use) => {
    /** @type {string[]} */
    const errors = [];
    await use(errors);
    const surprises = errors.filter((error) => !announced.some((known) => known.test(error)));
    expect(surprises, 'errors in the browsers').toEqual([]);
  }, { auto: true }],

  context: async ({ context, errors }, use) => {
    watch(context, errors);
    await use(context);
  },

  /** Makes a page in a browser that nobody used before. */
  person: async ({ browser, errors }, use) => {
    const contexts = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      watch(context, errors);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  /** A user id of the app that no other test has. */
  user: async ({}, use) => use(`user-${randomUUID()}`),

  /** Fails when what follows it made a grant for the user, or a token request of any kind. */
  nothingConnected: async ({}, use) => {
    const before = await provider.ledger();
    await use(async (...users) => {
      const after = await provider.ledger();
      expect(after.token_requests.slice(before.counts.token_requests), 'token requests').toEqual([]);
      for (const user of users) expect(await grantsOf(user), `grants of ${user}`).toEqual([]);
    });
  },
});
