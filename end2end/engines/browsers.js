/** Real browsers in real windows, with their popup blockers on, as people have them. */
import puppeteer from 'puppeteer-core';

import { launchWebkit } from './webkit.js';

/** @typedef {import('puppeteer-core').Browser} Browser */

const CHROMIUM = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/**
 * @param {'chromium' | 'firefox' | 'webkit'} engine
 * @param {string} display
 * @param {string} [userAgent] another one than its own
 * @returns {Promise<Browser>}
 */
export const launch = (engine, display, userAgent) => {
  if (engine === 'webkit') return launchWebkit(display, userAgent);
  const shared = { headless: false, defaultViewport: null, env: { ...process.env, DISPLAY: display } };
  return engine === 'firefox'
    ? puppeteer.launch({
        ...shared,
        browser: 'firefox',
        executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
        extraPrefsFirefox: {
          'dom.disable_open_during_load': true,
          ...(userAgent && { 'general.useragent.override': userAgent }),
        },
      })
    : puppeteer.launch({
        ...shared,
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        ignoreDefaultArgs: ['--disable-popup-blocking'],
        args: userAgent ? [...CHROMIUM, `--user-agent=${userAgent}`] : CHROMIUM,
      });
};
