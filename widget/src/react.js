/** `useGrantway` for React 17 and later. */
import { useEffect, useMemo, useRef } from 'react';

import { createFor } from './hook.js';

/** @param {import('../types/react.js').UseGrantwayOptions} options */
export const useGrantway = (options) => {
  const latest = useRef(options);
  const instance = useRef();
  const { baseURL, debug } = options;

  useEffect(() => {
    latest.current = options;
  });

  // StrictMode mounts twice: the first instance is destroyed before it could tell anything.
  useEffect(() => {
    const grantway = createFor({ baseURL, debug }, () => latest.current);
    instance.current = grantway;
    return () => grantway.destroy();
  }, [baseURL, debug]);

  return useMemo(
    () => ({
      open: (options) => instance.current?.open(options),
      close: () => instance.current?.close(),
      isOpen: () => Boolean(instance.current?.isOpen()),
    }),
    [],
  );
};
