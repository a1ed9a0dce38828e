/**
 * What the soak runs: one authorization server, and the servers of ours that share a store, each with a wall clock of its own. Each writes
 * `test-results/soak-{name}.log`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { LOGS, ROOT, TARGET } from '../config.js';
import { send } from '../http.js';
import { WallClock } from './clocks.js';

export const OIDC = 'http://oidc.localhost:4242';
/** Where browsers would reach Grantway; the soak's own people go to any server. */
export const CONNECT = 'http://connect.localhost:4240';
export const APP = 'http://soak.localhost:4248';

/** Where the app hears of its events. */
export const HOOKS = 'http://hooks.localhost:4243/';

const CLIENT_SECRET = 'soak-client-secret';
const GRANTWAY = join(TARGET, 'debug/grantway');
const READY_WITHIN = 30_000;
const HOUR = 3600;
const FIRST_PORT = 4240;

const settings = (store) => `
[server]
base_url = "${CONNECT}"
${store.settings}

[apps.soak]
name = "Soak"
website_url = "${APP}"
webhooks = [{ url = "${HOOKS}", secrets = ["whsec_${randomBytes(32).toString('base64')}"] }]

[apps.soak.providers.strict]
client_id = "grantway"
client_secret = "${CLIENT_SECRET}"
scopes = ["openid", "email", "offline_access"]

# No grace: a refresh token that may have been spent is never sent again.
[providers.strict]
name = "Strict ID"
issuer = "${OIDC}"
refresh = { rotates = "yes" }
`;

/** A process that can be started again. */
class Part {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;

  /** @param {WallClock} [clock] its own; the machine's without one */
  constructor(name, command, ready, env, clock) {
    Object.assign(this, { name, command, ready, env: { ...env, ...clock?.env }, clock });
    this.path = join(LOGS, `soak-${name}.log`);
    writeFileSync(this.path, '');
    process.once('exit', () => this.#kill());
  }

  /** @returns {Promise<number>} the time that its first answer bears */
  async start() {
    if (await send(this.ready, { timeout: 1000 }).catch(() => undefined)) throw new Error(`something else already answers at ${this.ready}; stop it first`);
    const log = openSync(this.path, 'a');
    const [program, ...words] = this.command;
    const child = spawn(program, words, { cwd: ROOT, env: { ...process.env, ...this.env }, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    const deadline = Date.now() + READY_WITHIN;
    while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      const answer = await send(this.ready, { timeout: 1000 }).catch(() => undefined);
      if (answer && answer.status < 400) return Date.parse(answer.headers.date ?? '');
      await sleep(20);
    }
    const lines = readFileSync(this.path, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    throw new Error(`${this.name} did not get ready; ${this.path} ends:\n${lines}`);
  }

  /**
   * @param {'SIGKILL' | 'SIGTERM'} signal
   * @returns {Promise<number>} when it was sent
   */
  async end(signal) {
    const child = this.#child;
    const at = Date.now();
    if (!child || child.exitCode !== null || child.signalCode !== null) return at;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    this.clock?.forget(child.pid);
    return at;
  }

  #kill() {
    this.#child?.kill('SIGKILL');
    this.clock?.forget(this.#child?.pid);
  }
}

/**
 * @param {import('./postgres.js').Postgres | import('./sqlite.js').Sqlite} store
 * @returns {Promise<{ provider: Part, addresses: string[], servers: Part[], clocks: WallClock[], key: string, remove: () => void }>} all started
 */
export async function startParts(store) {
  mkdirSync(LOGS, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'grantway-soak-'));
  const config = join(folder, 'grantway.toml');
  writeFileSync(config, settings(store));
  const env = { GRANTWAY_SERVER__MASTER_KEY: randomBytes(32).toString('base64') };
  const run = (...words) => execFileSync(GRANTWAY, words, { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

  const provider = new Part(
    'oidc', [process.execPath, fileURLToPath(new URL('../provider.js', import.meta.url))], `${OIDC}/.well-known/openid-configuration`,
    { PORT: new URL(OIDC).port, ISSUER: OIDC, CLIENT_SECRET, REDIRECT_URIS: `${CONNECT}/connect/callback/soak.strict` },
  );
  const addresses = Array.from({ length: store.servers }, (_, number) => `http://127.0.0.1:${FIRST_PORT + number}`);
  const clocks = !store.tellsTime ? [] : addresses.map((_, number) => new WallClock(join(folder, `clock-${number + 1}`)));
  const servers = addresses.map((address, number) => new Part(
    `grantway-${number + 1}`, [GRANTWAY, 'serve', '--config', config], `${address}/readyz`,
    { ...env, GRANTWAY_SERVER__LISTEN: new URL(address).host }, clocks[number],
  ));
  await provider.start();
  run('apply', config);
  const key = run('key', 'create', '--config', config, '--app', 'soak', '--scope', 'read_tokens', '--scope', 'mint', '--scope', 'admin').trim();
  await startApart(servers);
  return { provider, addresses, servers, clocks, key, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** One begins an hour ahead, one behind, and each must show it: a clock that can't be moved would prove nothing. */
async function startApart(servers) {
  servers.forEach(({ clock }, number) => clock?.set(number ? -HOUR : HOUR));
  const shown = await Promise.all(servers.map((server) => server.start()));
  servers.forEach(({ name, clock }, number) => {
    if (!clock) return;
    const ahead = Math.round((shown[number] - Date.now()) / 1000);
    if (!(Math.abs(ahead - clock.ahead) < 30)) throw new Error(`the clock of ${name} is ${ahead} s ahead, and was set to ${clock.ahead}`);
    clock.set(0);
  });
}
