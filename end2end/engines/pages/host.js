/**
 * The host page's script. It writes down all that a widget tells in `window.calls`, as
 * `{ kind, at, args }` with milliseconds since the click (or since the page began).
 *
 *     mode=popup|redirect   stay   throws   explain   as the widget's options
 *     mint=throw            the token function throws in the click
 *     silent                no callback but onSuccess
 *     auto=ms               opens by itself, without a click
 *     late=ms               attaches the bus's handlers so much later
 *     hold                  attaches none
 */
const params = new URL(location.href).searchParams;
const { CONNECT, REFERENCE } = await (await fetch('/config')).json();

let started = performance.now();
window.calls = [];
const note = (kind) => (...args) => {
  window.calls.push({ kind, at: Math.round(performance.now() - started), args: JSON.parse(JSON.stringify(args)) });
  if (params.has('throws') && !kind.includes(':')) throw new Error('thrown by the host');
};

const mintUrl = `/mint?${new URLSearchParams([...params].filter(([name]) => ['mint', 'user', 'return', 'multiple'].includes(name)))}`;
const mint = async () => {
  const answer = await fetch(mintUrl);
  if (!answer.ok) throw new Error('the backend said no');
  return (await answer.json()).session_token;
};

const token = () => {
  if (params.get('mint') === 'throw') throw new Error('thrown at once');
  return mint();
};

const callbacks = () => ({
  onSuccess: note('success'),
  ...(!params.has('silent') && { onError: note('error'), onExit: note('exit'), onEvent: note('event') }),
});

async function grantway() {
  const { default: Grantway } = await import('/dist/index.js');
  const { explain } = await import('/dist/explain.js');
  const widget = Grantway.create({ baseURL: CONNECT, debug: params.has('explain') ? explain : undefined });
  return {
    widget,
    open: () =>
      widget.open({ token, ...callbacks(), mode: params.get('mode') ?? undefined, stayIfBlocked: params.has('stay') }),
  };
}

/** As its own documentation shows: the session is fetched in the click, then opened. */
async function alter() {
  const widget = window.AlterConnect.create();
  return {
    widget,
    open: () => token().then((token) => widget.open({ token, baseURL: REFERENCE, ...callbacks() }).catch(note('error'))),
  };
}

const { widget, open } = await (params.get('with') === 'alter' ? alter() : grantway());
window.widget = widget;

const listen = () => {
  for (const kind of ['success', 'error', 'exit']) widget.on(kind, note(`bus:${kind}`));
};
if (!params.has('hold')) setTimeout(listen, Number(params.get('late') ?? 0));

const begin = () => {
  started = performance.now();
  window.calls.length = 0;
  open();
};
document.querySelector('#connect').addEventListener('click', begin);
if (params.has('auto')) setTimeout(begin, Number(params.get('auto')));
document.documentElement.dataset.ready = 'yes';
