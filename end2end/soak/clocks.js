/**
 * A wall clock that jumps while its process runs: libfaketime stands before the C library and reads a file at each
 * question. Monotonic clocks go on as they are, as they do when a machine's clock is set.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian keeps each architecture's apart. */
function library() {
  const found = readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder, 'faketime/libfaketime.so.1')).find((path) => existsSync(path));
  if (!found) throw new Error('libfaketime is missing: apt-get install faketime');
  return found;
}

export class WallClock {
  #file;

  /** @param {string} file it makes this one and tells by it */
  constructor(file) {
    this.#file = file;
    this.env = { LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    this.set(0);
  }

  /**
   * From now on, whatever it showed before.
   * @param {number} seconds ahead of the true time; behind when negative
   */
  set(seconds) {
    this.ahead = seconds;
    // A reader must never find half of it.
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /**
   * What the library leaves behind when its process is killed: another one of the same number would not start.
   * @param {number | undefined} pid
   */
  forget(pid) {
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(join('/dev/shm', name), { force: true });
  }
}
