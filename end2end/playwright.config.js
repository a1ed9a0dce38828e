import { defineConfig, devices } from '@playwright/test';

/**
 * Tests say by tag where they run: `@popup` on a desktop, `@redirect` on a phone, `@no-js` with
 * JavaScript off. One worker: tests count what reached the authorization server.
 */
export default defineConfig({
  testDir: '.',
  // Its own pattern also takes `engines/*.test.js`, which would start servers of their own beside ours.
  testMatch: '*.spec.js',
  globalSetup: './servers.js',
  outputDir: './test-results/failed',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 30_000,
  expect: { timeout: 7_500 },
  reporter: 'list',
  use: {
    actionTimeout: 7_500,
    navigationTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Playwright switches the popup blocker off; people have it on.
      ignoreDefaultArgs: ['--disable-popup-blocking'],
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'popup', grep: /@popup/, use: { ...devices['Desktop Chrome'] } },
    { name: 'redirect', grep: /@redirect/, use: { ...devices['Pixel 7'] } },
    { name: 'no-js', grep: /@no-js/, use: { ...devices['Desktop Chrome'], javaScriptEnabled: false } },
  ],
});
