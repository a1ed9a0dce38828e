/** The embedded database, seen from beside its one server: by Python, which has a driver. It fails when somebody else holds its lock. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ASK = `
import json, sqlite3, sys
found = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None).execute(sys.argv[2])
names = [column[0] for column in found.description or []]
print(json.dumps([dict(zip(names, row)) for row in found]))`;

const HOLD = `
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None).execute('begin immediate')
print('held', flush=True)
sys.stdin.read()`;

export class Sqlite {
  servers = 1;
  tellsTime = false;
  /** Long enough to be waited for in vain. */
  slowness = 8;
  order = 'rowid';
  #folder = mkdtempSync(join(tmpdir(), 'grantway-soak-sqlite-'));
  #file = join(this.#folder, 'grantway.db');
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #holder;

  settings = `data_dir = "${this.#folder}"`;

  async start() {
    const holder = this.#holder;
    if (!holder || holder.exitCode !== null) return;
    holder.stdin?.end();
    await once(holder, 'exit');
  }

  async fail() {
    this.#holder = spawn('python3', ['-c', HOLD, this.#file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(this.#holder.stdout, 'data');
  }

  async remove() {
    await this.start();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  kill() {
    this.#holder?.kill('SIGKILL');
  }

  /**
   * The rows of a query.
   * @param {string} query
   * @returns {any[]}
   */
  rows(query) {
    return JSON.parse(execFileSync('python3', ['-c', ASK, this.#file, query], { encoding: 'utf8', maxBuffer: 2 ** 30 }));
  }

  /** @param {string} statement */
  run(statement) {
    this.rows(statement);
  }
}
