// Loads the islands when the page is done and idle. The page works without this file.
const islands = document.querySelectorAll("leptos-island");

const start = async () => {
  const islandsModule = await import("/pkg/grantway.js");
  await islandsModule.default({ module_or_path: "/pkg/grantway.wasm" });
  islandsModule.hydrate();
  for (const island of islands) islandsModule[island.dataset.component]?.(island);
};

const whenIdle = () => (window.requestIdleCallback ?? setTimeout)(start);

if (islands.length > 0) {
  if (document.readyState === "complete") whenIdle();
  else addEventListener("load", whenIdle, { once: true });
}
