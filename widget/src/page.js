/**
 * What happens in a document, ours or the empty window's: by DOM and CSSOM alone, because both live under
 * the host page's content security policy.
 */
const add = (parent, tag, properties) =>
  parent.appendChild(Object.assign(document.createElement(tag), properties));

/**
 * Posts a form to Grantway from a window's document: the browser adds the page's own origin.
 *
 * @param {Window} view
 * @param {string} base
 * @param {Record<string, any>} fields
 */
export const post = (view, base, fields) => {
  try {
    const form = add(view.document.body, 'form', { method: 'post', action: base + '/connect' });
    for (const name in fields) add(form, 'input', { name, value: fields[name] });
    form.submit();
    // The token has no business in the page once it is on its way.
    form.remove();
  } catch {
    // Firefox throws where a policy keeps the form back, and says so later, as other browsers do. A window
    // that the person took elsewhere is no longer ours; closing it is the exit.
  }
};

/** Opens an empty window in the middle of this one; null when the browser refuses. */
export const openWindow = () => {
  const popup = open(
    '',
    '_blank',
    `width=500,height=700,left=${screenX + outerWidth / 2 - 250},top=${screenY + outerHeight / 2 - 350}`,
  );
  if (popup) {
    const { document } = popup;
    // Under the page's own `no-referrer` the form would carry `Origin: null`.
    add(document.head, 'meta', { content: 'strict-origin', name: 'referrer' });
    document.body.textContent = document.title = 'Connecting...';
    document.documentElement.style = 'color-scheme:light dark;text-align:center;font-family:sans-serif;padding-top:40vh';
  }
  return popup;
};
