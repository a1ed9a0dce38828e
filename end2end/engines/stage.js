/** The servers, a desktop and the browser that `ENGINE` names, for one file of tests. */
import { after, afterEach, before } from 'node:test';

import { provider } from '../api.js';
import startServers from '../servers.js';
import { launch } from './browsers.js';
import { startDesktop } from './desktop.js';
import { startHost } from './host.js';

export const ENGINE = process.env.ENGINE ?? 'chromium';

/**
 * @param {...(() => Promise<() => void>)} others what else to start, once the servers run; answers how to stop it
 * @returns {() => import('puppeteer-core').Browser} the browser, once tests run
 */
export function stage(...others) {
  let browser;
  const stops = [];

  before(async () => {
    stops.push(await startServers());
    for (const start of [startHost, ...others]) stops.push(await start());
    const desktop = await startDesktop();
    stops.push(desktop.stop);
    browser = await launch(ENGINE, desktop.display);
    stops.push(() => browser.close());
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  afterEach(async () => {
    await provider.set({ coop: '' });
    const [first, ...others] = await browser.pages();
    await Promise.all(others.map((page) => page.close().catch(() => {})));
    await first?.goto('about:blank');
  });

  return () => browser;
}
