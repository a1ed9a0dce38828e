/** A grant outlives its credential: connecting again keeps its id, and the backend's token works. */
import { grantsOf, mint, provider, tokenOf, whoIs } from './api.js';
import { expect, test } from './fixtures.js';
import * as go from './journey.js';

/** A window on the sign-in page. A session for one grant knows its provider and goes there by itself. */
async function depart(page, user, grant_id) {
  const popup = await go.openPopup(page, await mint({ user, grant_id }));
  await (grant_id ? go.atProvider(popup) : go.pick(popup));
  return popup;
}

/** Connects in a window and answers the connection. */
async function connect(page, user, account, grant_id) {
  const popup = await depart(page, user, grant_id);
  await go.signIn(popup, account);
  await Promise.all([popup.waitForEvent('close'), go.decide(popup, 'Allow')]);
  return (await go.told(page)).connection;
}

test.describe('grants', { tag: '@popup' }, () => {
  test.afterEach(() => provider.set({ access_token_ttl: 120 }));

  test('the same account again keeps the grant', async ({ page, user }) => {
    const first = await connect(page, user, 'alice');
    const second = await connect(page, user, 'alice');

    expect([first.operation, second.operation]).toEqual(['creation', 'reauth']);
    expect(second.grant_id).toBe(first.grant_id);
    expect(await grantsOf(user)).toHaveLength(1);
  });

  test('another account is another grant', async ({ page, user }) => {
    const first = await connect(page, user, 'alice');
    const second = await connect(page, user, 'bob');

    expect(second.grant_id).not.toBe(first.grant_id);
    expect(await grantsOf(user)).toHaveLength(2);
  });

  test('the backend gets an access token that works, and a new one when it is old', async ({ page, user }) => {
    await provider.set({ access_token_ttl: 30 });
    const { grant_id } = await connect(page, user, 'alice');
    const before = (await provider.ledger()).counts.token_requests;
    const tokens = [(await tokenOf(grant_id)).json, (await tokenOf(grant_id)).json];

    for (const { access_token } of tokens) expect((await whoIs(access_token)).json.email).toBe('alice@example.com');
    const refreshes = (await provider.ledger()).token_requests.slice(before);
    expect(refreshes.length).toBeGreaterThan(0);
    for (const refresh of refreshes) expect(refresh).toMatchObject({ grant_type: 'refresh_token', status: 200 });
    expect(JSON.stringify(tokens)).not.toContain('refresh_token');
  });

  test('what the provider revoked is told, and connecting again revives it', async ({ page, user }) => {
    await provider.set({ access_token_ttl: 30 });
    const { grant_id } = await connect(page, user, 'bob');
    await provider.revoke('bob');

    const dead = await tokenOf(grant_id);
    expect(dead.status).toBe(409);
    expect(dead.json).toMatchObject({ code: 'credential_revoked', grant_id, provider: 'oidc' });
    expect(await grantsOf(user)).toMatchObject([{ grant_id, status: 'needs_reauth' }]);

    const again = await connect(page, user, 'bob', grant_id);
    expect(again).toMatchObject({ grant_id, operation: 'reauth', status: 'active' });
    expect((await whoIs((await tokenOf(grant_id)).json.access_token)).json.sub).toBe('u-1002');
  });

  test('reauthorising with another account asks, and never swaps silently', async ({ page, user }) => {
    const { grant_id } = await connect(page, user, 'alice');
    const popup = await depart(page, user, grant_id);
    await go.signIn(popup, 'bob');
    await go.decide(popup, 'Allow');

    await expect(go.problem(popup, 'That is a different account')).toBeVisible();
    await expect(popup.getByText('alice@example.com').first()).toBeVisible();
    await expect(popup.getByText('bob@example.com').first()).toBeVisible();
    expect(await grantsOf(user)).toMatchObject([{ grant_id, account_identifier: 'alice@example.com' }]);
  });
});
