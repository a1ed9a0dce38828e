/** The device rule, by the vectors that its Rust twin runs too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { mode } from '../src/device.js';

const vectors = JSON.parse(readFileSync(new URL('../../crates/core/src/device/vectors.json', import.meta.url), 'utf8'));

/** Puts a device in the place of the browser. */
const pretend = ({ user_agent, touch_points, coarse_pointer, screen: [width, height], window: [innerWidth, innerHeight] }) => {
  const globals = {
    navigator: { userAgent: user_agent, maxTouchPoints: touch_points },
    screen: { width, height },
    innerWidth,
    innerHeight,
    matchMedia: (query) => ({ matches: query === '(pointer:coarse)' && coarse_pointer }),
  };
  for (const name in globals) Object.defineProperty(globalThis, name, { value: globals[name], configurable: true });
};

test('there are devices enough', () => assert.ok(vectors.length >= 40));

for (const vector of vectors) {
  test(`${vector.name}: ${vector.mode}`, () => {
    pretend(vector);

    assert.equal(mode(), vector.mode);
  });
}
