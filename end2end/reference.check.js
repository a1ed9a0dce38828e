/** What the vectors of our device rule say of `@alter-ai/connect` 0.8.0 is what the published package does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const SCRIPT = read('node_modules/@alter-ai/connect/dist/alter-connect.umd.js');

/** Opens it on a device that never was; answers the road it takes. */
async function roadOn({ user_agent, touch_points, window: [innerWidth, innerHeight] }) {
  let road;
  const location = {
    search: '',
    set href(_url) {
      road = 'redirect';
    },
    get href() {
      return 'https://app.example/';
    },
  };
  const window = {
    navigator: { userAgent: user_agent, maxTouchPoints: touch_points },
    innerWidth, innerHeight, screenX: 0, screenY: 0, outerWidth: innerWidth, outerHeight: innerHeight,
    location,
    sessionStorage: { getItem: () => null, setItem() {} },
    open() {
      road = 'popup';
      return null;
    },
    URL, URLSearchParams, console,
    ...(touch_points > 0 && { ontouchstart: null }),
  };
  window.window = window;
  vm.runInContext(SCRIPT, vm.createContext(window));
  await window.AlterConnect.create().open({ token: 't', baseURL: 'https://connect.example', onSuccess() {}, onError() {} });
  return road;
}

for (const vector of JSON.parse(read('../crates/core/src/device/vectors.json'))) {
  test(`${vector.name}: ${vector.reference}`, async () => {
    assert.equal(await roadOn(vector), vector.reference);
    assert.equal(vector.reference !== vector.mode, 'why' in vector, 'each difference has a line of why');
  });
}
