/**
 * WebKitGTK through its own WebDriver, with as much of puppeteer's `Browser` and `Page` as the steps use, so
 * that the same tests run. The driver has one current window: a command first chooses its own.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { Builder, By, Capabilities } from 'selenium-webdriver';

import { send } from '../http.js';

const DRIVER = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
/** Beside the library, in a folder named for the processor. */
const BROWSER = readdirSync('/usr/lib').map((folder) => `/usr/lib/${folder}/webkit2gtk-4.1/MiniBrowser`).find(existsSync);

/** How often something is looked for, in milliseconds. */
const TICK = 50;

const freePort = () =>
  new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

/** Looks again until there is something, or throws. */
async function until(look, timeout = 30_000, what = 'what was waited for') {
  for (const end = Date.now() + timeout; Date.now() < end; await sleep(TICK)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`${what} did not come within ${timeout} ms`);
}

class Page {
  #browser;
  #handle;

  constructor(browser, handle) {
    this.#browser = browser;
    this.#handle = handle;
  }

  #run(work) {
    return this.#browser.inWindow(this.#handle, work);
  }

  goto(url) {
    return this.#run((driver) => driver.get(url));
  }

  reload() {
    return this.#run((driver) => driver.navigate().refresh());
  }

  close() {
    return this.#run((driver) => driver.close());
  }

  /** The driver's word for it: the window that is chosen comes to the front. */
  bringToFront() {
    return this.#run(() => {});
  }

  async isClosed() {
    return !(await this.#browser.handles()).includes(this.#handle);
  }

  evaluate(fn, ...args) {
    return this.#run((driver) => driver.executeScript(`return (${fn})(...arguments)`, ...args));
  }

  click(selector) {
    return this.#run((driver) => driver.findElement(By.css(selector)).click());
  }

  async type(selector, text, { delay = 0 } = {}) {
    for (const letter of text) {
      await this.#run((driver) => driver.findElement(By.css(selector)).sendKeys(letter));
      await sleep(delay);
    }
  }

  once(name, hear) {
    if (name === 'popup') this.#browser.nextWindow().then(hear, () => {});
    else if (name === 'close') until(() => this.isClosed()).then(hear, () => {});
    else throw new Error(`no ${name} here`);
    return this;
  }
}

class Browser {
  #driver;
  #home;
  #stop;
  #turn = Promise.resolve();

  constructor(driver, home, stop) {
    this.#driver = driver;
    this.#home = home;
    this.#stop = stop;
  }

  /** One command at a time. */
  #alone(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  inWindow(handle, work) {
    return this.#alone(async () => {
      await this.#driver.switchTo().window(handle);
      return work(this.#driver);
    });
  }

  handles() {
    return this.#alone(() => this.#driver.getAllWindowHandles());
  }

  /** The first one first; the driver's own order is none. */
  async pages() {
    const others = (await this.handles()).filter((handle) => handle !== this.#home);
    return [this.#home, ...others].map((handle) => new Page(this, handle));
  }

  /** Always the first one: the driver gives the focus to no other that it opens. */
  async newPage() {
    return new Page(this, this.#home);
  }

  /** The next window that a page opens. */
  async nextWindow() {
    const known = await this.handles();
    const handle = await until(async () => (await this.handles()).find((handle) => !known.includes(handle)));
    return new Page(this, handle);
  }

  async close() {
    await this.#alone(() => this.#driver.quit());
    this.#stop();
  }
}

/**
 * @param {string} display
 * @param {string} [userAgent]
 */
export async function launchWebkit(display, userAgent) {
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], { env: { ...process.env, DISPLAY: display }, stdio: 'ignore' });
  await until(() => send(`http://127.0.0.1:${port}/status`, { timeout: 500 }).catch(() => undefined), 10_000, DRIVER);
  const capabilities = new Capabilities()
    .set('browserName', 'MiniBrowser')
    .set('webkitgtk:browserOptions', { binary: BROWSER, args: ['--automation', ...(userAgent ? [`--user-agent=${userAgent}`] : [])] });
  const session = await new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build();
  return new Browser(session, await session.getWindowHandle(), () => driver.kill());
}
