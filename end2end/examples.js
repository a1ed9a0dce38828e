/** The example apps, each with one of the example backends. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CONNECT, OIDC, ROOT, TARGET } from './config.js';
import { send } from './http.js';
import { keyName } from './servers.js';

const loopback = (url) => `http://127.0.0.1:${new URL(url).port}`;

const NODE = [process.execPath, 'examples/backend-node/server.js'];
const PYTHON = ['python3', 'examples/backend-python/server.py'];

export const APPS = [
  { name: 'html', port: 4301, folder: join(ROOT, 'examples/html'), backend: PYTHON },
  { name: 'react', port: 4302, folder: join(ROOT, 'examples/react/dist'), backend: NODE },
  { name: 'vue', port: 4303, folder: join(ROOT, 'examples/vue/dist'), backend: PYTHON },
  { name: 'svelte', port: 4304, folder: join(ROOT, 'examples/svelte/dist'), backend: NODE },
  { name: 'angular', port: 4305, folder: join(ROOT, 'examples/angular/dist'), backend: PYTHON },
  { name: 'react-strict', port: 4307, folder: join(ROOT, 'examples/react/dist-development'), backend: NODE, mounts: 2 },
  { name: 'leptos', port: 4306, folder: join(TARGET, 'site-csr'), backend: NODE },
];

/** Where people find it. */
export const homeOf = ({ name, port }) => `http://${name}.localhost:${port}/`;

/** Its frontend beside its backend; kill what comes back. */
export async function startApp(app) {
  const { name, port, folder, backend: [program, file] } = app;
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`${folder} is not there: build the example first, see its README`);
  const child = spawn(program, [join(ROOT, file)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      APP_URL: new URL(homeOf(app)).origin,
      STATIC_DIR: folder,
      GRANTWAY_URL: loopback(CONNECT),
      GRANTWAY_PUBLIC_URL: CONNECT,
      GRANTWAY_API_KEY: process.env[keyName('birch')],
      PROVIDER: 'oidc',
      PROVIDER_API: `${loopback(OIDC)}/me`,
    },
  });
  for (let tries = 100; tries > 0 && child.exitCode === null; tries -= 1) {
    if (await send(`http://127.0.0.1:${port}/`, { timeout: 500 }).catch(() => undefined)) return child;
    await sleep(100);
  }
  child.kill();
  throw new Error(`${file} does not answer at port ${port}`);
}
