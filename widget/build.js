/**
 * Builds `dist/` and fails when the entry weighs more than it may.
 *
 * ESM (the entry and its subpaths, sharing their parts), CJS, and `connect.js`, a UMD script that the
 * server hosts. Names that begin with an underscore are the package's own and become one letter.
 */
import { rmSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

import { build } from 'esbuild';

const settings = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  minify: true,
  target: 'es2020',
  mangleProps: /^_/,
  legalComments: 'none',
};

/** Bytes after brotli 11, as a bundler of an app would ship them. */
const LIMITS = {
  'core: open, both flows, three roads': [
    1228,
    `export { open } from './src/attempt.js'; export { forget, returned } from './src/returned.js';`,
  ],
  'the whole API': [1800, `export { default } from './dist/index.js';`],
};

const subpaths = ['index', 'explain', 'element', 'react', 'vue'];
const entries = (names) => names.map((name) => `src/${name}.js`);

rmSync(new URL('dist', import.meta.url), { recursive: true, force: true });
// The same letters in every format: a CJS host may be handed to the ESM `explain`.
const { mangleCache } = await build({
  ...settings,
  mangleCache: {},
  entryPoints: entries(subpaths),
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  chunkNames: 'part-[hash]',
  external: ['react', 'vue'],
});
await build({
  ...settings,
  mangleCache,
  entryPoints: entries(['index']),
  outfile: 'dist/index.cjs',
  format: 'cjs',
  footer: { js: 'module.exports=module.exports.default;' },
});
await build({
  ...settings,
  mangleCache,
  entryPoints: entries(['script']),
  outfile: 'dist/connect.js',
  format: 'cjs',
  banner: {
    js: '((g,f)=>{if(typeof module=="object")f(module);else{const m={};f(m);typeof define=="function"&&define.amd?define(()=>m.exports.default):g.Grantway=m.exports.default}})(globalThis,module=>{',
  },
  footer: { js: '});' },
});

for (const [what, [limit, contents]] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    ...settings,
    stdin: { contents, resolveDir: import.meta.dirname },
    format: 'esm',
    write: false,
  });
  const code = outputFiles[0].contents;
  const size = brotliCompressSync(code, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: code.length },
  }).length;
  console.log(`${what}: ${size} B of ${limit} (brotli), ${code.length} minified`);
  if (size > limit) process.exitCode = 1;
}
