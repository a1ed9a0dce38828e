/** A PostgreSQL of the soak's own, that can be crashed. It listens on a socket in its folder, nowhere else. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const DEBIAN = '/usr/lib/postgresql';
const READY_WITHIN = 30_000;

/** The newest version's programs. */
function programs() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).sort((a, b) => b - a) : [];
  const found = versions.map((version) => join(DEBIAN, String(version), 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (!found) throw new Error('PostgreSQL is missing: apt-get install postgresql');
  return found;
}

/** PostgreSQL refuses to run as root, which lends it another user. */
function lentUser() {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => lines.find(([known]) => known === name)).find(Boolean);
  if (!user) throw new Error('PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

export class Postgres {
  /** How many servers share it, and whether they take the time from it. */
  servers = 2;
  tellsTime = true;
  /** How many times as long as a fault lasts it stays away. */
  slowness = 2;
  /** Of its audit rows: that of their writing. */
  order = 'number';
  #bin = programs();
  #user = lentUser();
  #folder = mkdtempSync(join(tmpdir(), 'grantway-soak-postgres-'));
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;

  settings = `database_url = "postgres://grantway@localhost/postgres?host=${this.#folder}"`;

  constructor() {
    if (this.#user.uid !== undefined) chownSync(this.#folder, this.#user.uid, this.#user.gid);
    const words = ['--pgdata=data', '--username=grantway', '--auth=trust', '--no-locale', '--encoding=UTF8', '--no-sync'];
    execFileSync(join(this.#bin, 'initdb'), words, { cwd: this.#folder, ...this.#user, stdio: 'ignore' });
  }

  async start() {
    const log = openSync(join(this.#folder, 'log'), 'a', 0o666);
    const words = ['-D', 'data', '-k', this.#folder, '-h', '', '-F', '-c', 'max_connections=100'];
    this.#child = spawn(join(this.#bin, 'postgres'), words, { cwd: this.#folder, ...this.#user, stdio: ['ignore', log, log] });
    closeSync(log);
    const deadline = Date.now() + READY_WITHIN;
    while (Date.now() < deadline) {
      try {
        return void this.rows('select 1 as one');
      } catch {
        await sleep(50);
      }
    }
    throw new Error(`PostgreSQL does not start: ${readFileSync(join(this.#folder, 'log'), 'utf8').slice(-2000)}`);
  }

  /** Ends it as a crash would: connections break, nothing is tidied up; the next start recovers. */
  async fail() {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGQUIT');
    await ended;
  }

  async remove() {
    await this.fail();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  kill() {
    this.#child?.kill('SIGQUIT');
  }

  /**
   * The rows of a query.
   * @param {string} query
   * @returns {any[]}
   */
  rows(query) {
    const text = `select coalesce(json_agg(row), '[]') from (${query}) as row`;
    return JSON.parse(this.#psql(text));
  }

  /** @param {string} statement */
  run(statement) {
    this.#psql(statement);
  }

  #psql(text) {
    const words = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-U', 'grantway', '-h', this.#folder, '-d', 'postgres', '-c', text];
    return execFileSync(join(this.#bin, 'psql'), words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 30 });
  }
}
