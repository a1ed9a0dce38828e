/**
 * For developers: says in the console which directive a host page's policy lacks, and settles at once
 * with `invalid_options` where the form can't leave. `Grantway.create({ baseURL, debug: explain })`.
 */
import { failure } from './attempt.js';

/**
 * @param {any} attempt
 * @param {string} base
 */
export const explain = (attempt, base) => {
  const said = new Set();
  const onViolation = ({ blockedURI, effectiveDirective }) => {
    // A poll that is kept back is tried again and again.
    if (!blockedURI.startsWith(base) || said.has(effectiveDirective)) return;
    said.add(effectiveDirective);
    const words = `Add ${base} to ${effectiveDirective} in the Content-Security-Policy of this page.`;
    console.error('Grantway:', words);
    if (effectiveDirective !== 'form-action') return;
    // Going by redirect, the click counted as gone.
    attempt._isOpen = true;
    attempt._hear(failure('invalid_options', words));
  };
  for (const view of [window, attempt._popup]) {
    view?.addEventListener('securitypolicyviolation', onViolation, attempt);
  }
};
