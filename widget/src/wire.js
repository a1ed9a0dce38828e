/** The result endpoint: one simple cross-origin request, without preflight and without credentials. */

/**
 * What the server told last, or what was found out here, in the server's words.
 *
 * @typedef {{
 *   session_id?: string, stage?: string, provider?: string,
 *   status?: string, connection?: object, connections?: object[], error?: Error,
 *   if_left?: Told,
 * }} Told `if_left` is there while nothing is settled, and says what leaving now would mean. Without a
 *   `session_id` the server knows no session of this key: not yet, or no longer.
 */

/** @param {number} [milliseconds] */
export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Reads a result. Only a window's secret or a returned code opens it, never the session token.
 *
 * @param {string} base
 * @param {Record<string, any>} fields
 * @param {AbortSignal} [signal]
 * @returns {Promise<Told | undefined | false>} falsy when there is nothing new, or the server was not
 *   reached or is not well
 */
export const read = (base, fields, signal) =>
  fetch(base + '/v1/connect/result', { signal, method: 'post', body: new URLSearchParams(fields) })
    .then((answer) => answer.status < 429 && answer.json())
    .catch(() => {});
