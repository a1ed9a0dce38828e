/**
 * For developers: says in the console which directive a host page's policy lacks, and settles at once
 * with `invalid_options` where the form can't leave. `Grantway.create({ baseURL, debug: explain })`.
 *
 * Called for each click, and once for a page that may have been returned to: that one has nothing to settle.
 */
import { failure } from './attempt.js';

/** What this page was told already. */
const said = new Set();

/**
 * @param {any} attempt
 * @param {string} base
 */
export const explain = (attempt, base) => {
  const onViolation = ({ blockedURI, effectiveDirective }) => {
    if (!blockedURI.startsWith(base)) return;
    const words = `Add ${base} to ${effectiveDirective} in the Content-Security-Policy of this page.`;
    // A poll that is kept back is tried again and again.
    if (!said.has(words)) console.error('Grantway:', words);
    said.add(words);
    if (effectiveDirective !== 'form-action' || !attempt._hear) return;
    // Going by redirect, the click counted as gone.
    attempt._isOpen = true;
    attempt._hear(failure('invalid_options', words));
  };
  for (const view of [window, attempt._popup]) {
    view?.addEventListener('securitypolicyviolation', onViolation, attempt);
  }
};
