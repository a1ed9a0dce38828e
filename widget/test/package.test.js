/** What is published can be loaded in every way that it is promised to be. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import vm from 'node:vm';

const about = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const script = readFileSync(new URL('../dist/connect.js', import.meta.url), 'utf8');

test('every file that the package names is there', () => {
  const files = Object.values(about.exports).flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry).flatMap((to) => (typeof to === 'string' ? to : Object.values(to)))));

  for (const file of [...files, about.main, about.module, about.types]) {
    assert.ok(existsSync(new URL(`../${file}`, import.meta.url)), `${file}: run \`npm run build\` first`);
  }
});

test('ESM and CJS have one API, and servers may import them', async () => {
  const esm = (await import('@grantway/connect')).default;
  const cjs = createRequire(import.meta.url)('@grantway/connect');

  assert.equal(typeof esm.create, 'function');
  assert.equal(typeof cjs.create, 'function');
  assert.equal(esm.create({ baseURL: 'https://connect.acme.com' }).isOpen(), false);
  await import('@grantway/connect/element');
});

test('one name has one letter in every format: `explain` is handed CJS instances, too', () => {
  const folder = new URL('../dist/', import.meta.url);
  const files = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const explain = files.find((code) => code.includes('effectiveDirective') && code.includes('export{'));
  const [, isOpen] = /\.(\w+)=!0/.exec(explain);
  const [, hear] = /\.(\w+)\(\w+\("invalid_options"/.exec(explain);
  const cjs = readFileSync(new URL('index.cjs', folder), 'utf8');

  assert.ok(cjs.includes(`${isOpen}:!0`), isOpen);
  assert.ok(cjs.includes(`,${hear}(`), hear);
});

test('nothing of an earlier build is published', () => {
  const files = readdirSync(new URL('../dist', import.meta.url));
  const code = files.map((file) => readFileSync(new URL(`../dist/${file}`, import.meta.url), 'utf8')).join();

  for (const part of files.filter((file) => file.startsWith('part-'))) assert.ok(code.includes(`./${part}`), part);
});

test('the script makes a global, and is a module for AMD', () => {
  const page = vm.createContext({});
  vm.runInContext(script, page);
  const defined = [];
  const loader = vm.createContext({ define: Object.assign((make) => defined.push(make()), { amd: true }) });
  vm.runInContext(script, loader);

  assert.equal(typeof page.Grantway.create, 'function');
  assert.equal(typeof defined[0].create, 'function');
});

test('the version is the package’s', () => {
  const source = readFileSync(new URL('../src/index.js', import.meta.url), 'utf8');

  assert.ok(source.includes(`getVersion: () => '${about.version}'`));
});

test('a public URL that is none is refused at once', async () => {
  const { default: Grantway } = await import('@grantway/connect');

  assert.throws(() => Grantway.create({ baseURL: 'connect.acme.com' }), TypeError);
});
