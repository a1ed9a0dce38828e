import type { Callbacks, CreateOptions, Handlers, Instance, OpenOptions } from './index.js';

export interface UseGrantwayOptions extends CreateOptions, Omit<Callbacks, 'onSuccess'> {
  /** As `on('success')`: a success after the exit is told, too, with `late`. */
  onSuccess?: Handlers['success'];
}

/** The callbacks hear of clicks and of a redirect that came back; each outcome once. */
export declare function useGrantway(
  options: UseGrantwayOptions,
): { open(options: Omit<OpenOptions, keyof Callbacks>): void } & Pick<Instance, 'close' | 'isOpen'>;
