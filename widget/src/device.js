/**
 * Popup or redirect: the rule of crates/core/src/device.rs, which runs the same vectors.
 *
 * A phone leaves by redirect, and so does a tablet that is held upright; everything else gets a window. Both
 * have touch points. A phone is told by the shorter side of its screen, which iOS never turns; a tablet by its
 * main pointer, or as a Mac: iPadOS calls itself one and may have a trackpad, but no Mac is touched.
 *
 * @returns {'popup' | 'redirect'}
 */
export const mode = () =>
  navigator.maxTouchPoints &&
  (Math.min(screen.width, screen.height) < 600 ||
    (innerHeight >= innerWidth && (matchMedia('(pointer:coarse)').matches || /Mac/.test(navigator.userAgent))))
    ? 'redirect'
    : 'popup';
