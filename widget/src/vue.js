/** `useGrantway` for Vue 3. */
import { onBeforeUnmount, onMounted } from 'vue';

import { createFor } from './hook.js';

/** @param {import('../types/vue.js').UseGrantwayOptions} options */
export const useGrantway = (options) => {
  let grantway;
  onMounted(() => {
    grantway = createFor(options, () => options);
  });
  onBeforeUnmount(() => grantway?.destroy());

  return {
    open: (options) => grantway?.open(options),
    close: () => grantway?.close(),
    isOpen: () => Boolean(grantway?.isOpen()),
  };
};
