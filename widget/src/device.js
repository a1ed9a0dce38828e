/**
 * Popup or redirect: the rule of crates/core/src/device.rs, which runs the same vectors.
 *
 * A phone leaves by redirect, and so does a tablet that is held upright; everything else gets a window. A
 * phone is told by the shorter side of its screen, which iOS never turns; a tablet by its main pointer, or
 * as a Mac with touch points: iPadOS calls itself one and may have a trackpad, but no Mac has any.
 *
 * @returns {'popup' | 'redirect'}
 */
export const mode = () =>
  Math.min(screen.width, screen.height) < 600 ||
  (innerHeight >= innerWidth &&
    (matchMedia('(pointer:coarse)').matches || (navigator.maxTouchPoints > 1 && /Mac/.test(navigator.userAgent))))
    ? 'redirect'
    : 'popup';
