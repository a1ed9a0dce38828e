/**
 * Starts every server of the tests and stops them again; Playwright calls it once. Each writes
 * `test-results/{name}.log`; one that ends early or never gets ready fails the run with its last lines.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { ACME, APPS, BIRCH, CLIENT_SECRET, CONNECT, DEMO, LOGS, OIDC, PLAIN, REDIRECT_URIS, ROOT, TARGET, grantwayToml } from './config.js';
import { send } from './http.js';

const GRANTWAY = join(TARGET, 'debug/grantway');
/** Of the virtual environment that requirements.txt was installed into. */
const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url));
const READY_WITHIN = 30_000;

/** @typedef {{ name: string, child: import('node:child_process').ChildProcess }} Server */

/** @type {Server[]} */
const running = [];

export default async function startServers() {
  mkdirSync(LOGS, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'grantway-end2end-'));
  const stopAll = async () => {
    await Promise.all(running.splice(0).map(stop));
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', () => running.forEach(({ child }) => child.kill('SIGKILL')));
  try {
    await startAll(folder);
  } catch (error) {
    await stopAll();
    throw error;
  }
  return stopAll;
}

/** @param {string} folder */
async function startAll(folder) {
  const config = join(folder, 'grantway.toml');
  writeFileSync(config, grantwayToml(join(folder, 'data')));
  const node = (file) => [process.execPath, fileURLToPath(new URL(file, import.meta.url))];

  await Promise.all([
    start('oidc', node('provider.js'), `${OIDC}/.well-known/openid-configuration`, {
      PORT: new URL(OIDC).port, ISSUER: OIDC, CLIENT_SECRET, REDIRECT_URIS: REDIRECT_URIS.join(','),
    }),
    start('hosts', node('hosts.js'), `${BIRCH}/back`),
    start('plain', [PYTHON, fileURLToPath(new URL('plain.py', import.meta.url))], `${PLAIN}/__ledger`, {
      PORT: new URL(PLAIN).port, CLIENT_SECRET, REDIRECT_URI: `${CONNECT}/connect/callback/birch.plain`,
    }),
    start('demo', [GRANTWAY, 'demo', '--port', new URL(DEMO.connect).port], `${DEMO.connect}/readyz`),
  ]);

  run('apply', config);
  for (const app of APPS) process.env[keyName(app)] = run('key', 'create', '--config', config, '--app', app, '--scope', 'admin').trim();
  await start('grantway', [GRANTWAY, 'serve', '--config', config], `${CONNECT}/readyz`);
  await start('rust-host', [join(TARGET, 'debug/rust-host')], `${ACME}/`, {
    GRANTWAY_URL: CONNECT,
    GRANTWAY_API_KEY: process.env[keyName('acme')],
    HOST_URL: ACME,
    HOST_ADDR: `127.0.0.1:${new URL(ACME).port}`,
    HOST_SITE_ROOT: join(TARGET, 'site-host'),
  });
}

/**
 * Where an app's API key is left for the tests, which are other processes.
 * @param {string} app
 */
export const keyName = (app) => `END2END_KEY_${app.toUpperCase()}`;

/** @param {string[]} words */
function run(...words) {
  return execFileSync(GRANTWAY, words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/**
 * @param {string} name
 * @param {string[]} command
 * @param {string} ready answers below 400 when the server is ready
 * @param {NodeJS.ProcessEnv} [env]
 */
async function start(name, [program, ...words], ready, env) {
  const path = join(LOGS, `${name}.log`);
  if (await send(ready, { timeout: 1000 }).catch(() => undefined)) {
    throw new Error(`${name}: something else already answers at ${ready}; stop it first`);
  }
  const log = openSync(path, 'w');
  const child = spawn(program, words, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended = '';
  child.once('error', (error) => { ended = error.message; });
  child.once('exit', (code, signal) => { ended = `ended with ${signal ?? code}`; });
  running.push({ name, child });

  const deadline = Date.now() + READY_WITHIN;
  while (!ended && Date.now() < deadline) {
    const answer = await send(ready, { timeout: 1000 }).catch(() => undefined);
    if (answer && answer.status < 400) return;
    await sleep(50);
  }
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  throw new Error(`${name} ${ended || `was not ready at ${ready} in ${READY_WITHIN / 1000} s`}; ${path} ends:\n${lines}`);
}

/** @param {Server} server */
async function stop({ name, child }) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const drained = await Promise.race([ended.then(() => true), sleep(8000, false, { ref: false })]);
  if (drained) return;
  console.error(`${name} did not stop within 8 s of SIGTERM`);
  child.kill('SIGKILL');
  await ended;
}
