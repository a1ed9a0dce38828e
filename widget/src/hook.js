/** What the hooks share: an instance whose handlers are looked up at the moment they are called. */
import Grantway from './index.js';

const HANDLERS = { success: 'onSuccess', error: 'onError', exit: 'onExit', event: 'onEvent' };

/**
 * @param {import('../types/index.js').CreateOptions} options
 * @param {() => Record<string, Function | undefined>} handlers
 */
export const createFor = (options, handlers) => {
  const grantway = Grantway.create(options);
  for (const [kind, name] of Object.entries(HANDLERS)) {
    grantway.on(kind, (...args) => handlers()[name]?.(...args));
  }
  return grantway;
};
