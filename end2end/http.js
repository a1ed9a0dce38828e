/**
 * One HTTP request to a server of ours. Chromium takes every `*.localhost` for loopback; node asks the
 * machine's resolver, which may not know them: connect by address, name the host in the header.
 */
import { request } from 'node:http';

/**
 * @typedef {{ status: number, headers: import('node:http').IncomingHttpHeaders, text: string, json: any }} Answer
 *
 * @param {string} address
 * @param {{ method?: string, headers?: Record<string, string>, json?: unknown,
 *           form?: Record<string, string>, timeout?: number }} [options]
 * @returns {Promise<Answer>} redirects are answers
 */
export function send(address, { method, headers = {}, json, form, timeout = 10_000 } = {}) {
  const url = new URL(address);
  const [type, body] = json !== undefined ? ['application/json', JSON.stringify(json)]
    : form !== undefined ? ['application/x-www-form-urlencoded', new URLSearchParams(form).toString()]
    : [undefined, undefined];
  const local = url.hostname === 'localhost' || url.hostname.endsWith('.localhost');

  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: local ? '127.0.0.1' : url.hostname,
        port: url.port,
        path: url.pathname + url.search,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { host: url.host, ...(type && { 'content-type': type }), ...headers },
        timeout,
      },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
        res.on('error', reject).on('end', () => {
          const isJson = /json/.test(res.headers['content-type'] ?? '');
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: isJson ? JSON.parse(text) : undefined });
        });
      },
    );
    sent.on('error', reject).on('timeout', () => sent.destroy(new Error(`${address} did not answer in ${timeout} ms`)));
    sent.end(body);
  });
}
