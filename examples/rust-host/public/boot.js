// Loads the WebAssembly once the page is idle, then wakes the islands, outer ones before inner ones.
// Until then, and if it never comes, the page's forms do the same work. A press of the Connect button
// that comes first is held for a moment, so that it opens a window as a later one would.

const HELD_AT_MOST = 3000;

/** @type {(() => void)[]} */
let hurry = [];

const idle = () =>
  new Promise((done) => {
    hurry.push(done);
    if ("requestIdleCallback" in window) requestIdleCallback(done, { timeout: 2000 });
    else setTimeout(done, 1);
  });

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @param {Element} form */
const isAsleep = (form) => form instanceof HTMLFormElement && form.dataset.grantway === "waiting";

/** @param {SubmitEvent} event */
async function hold(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!isAsleep(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  hurry.forEach((done) => done());
  if (form.ariaBusy) return;
  form.ariaBusy = "true";
  const deadline = Date.now() + HELD_AT_MOST;
  while (isAsleep(form) && Date.now() < deadline) await pause(20);
  form.ariaBusy = null;
  if (isAsleep(form)) form.submit();
  else form.requestSubmit();
}

/**
 * Wakes one element and what lies in it. An island may hold server-rendered children
 * (`leptos-children`) with further islands in them; those belong to that island, which says so by the
 * function it left on the element.
 * @param {Element} element
 * @param {Record<string, (element: Element) => void | Promise<void>>} app
 * @param {(() => void) | undefined} adopt
 */
async function wake(element, app, adopt) {
  if (element.localName === "leptos-island") {
    const island = app[element.dataset.component];
    if (island) {
      adopt?.();
      await island(element);
    } else {
      console.warn(`No island named ${element.dataset.component} in the WebAssembly: is it of another build?`);
    }
  }
  const inner = element.localName === "leptos-children" ? element.$$on_hydrate : adopt;
  for (const child of [...element.children]) {
    await wake(child, app, inner);
  }
}

document.addEventListener("submit", hold, true);
await idle();
const app = await import("/pkg/rust_host.js");
await app.default({ module_or_path: "/pkg/rust_host.wasm" });
app.hydrate();
await wake(document.body, app, undefined);
