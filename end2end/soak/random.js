/** Chance that a seed decides: the same seed, the same choices. */

/**
 * @param {number} seed
 * @returns {() => number} 0 to 1, by mulberry32
 */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (next, low, high) => low + Math.floor(next() * (high - low));

/** One of a list, or of an object's names by their weights. */
export function pick(next, choices) {
  if (Array.isArray(choices)) return choices[Math.floor(next() * choices.length)];
  let left = next() * Object.values(choices).reduce((sum, weight) => sum + weight, 0);
  return Object.keys(choices).find((name) => (left -= choices[name]) < 0) ?? Object.keys(choices)[0];
}
