/**
 * The address bar holds what a page shows, so every state can be sent to somebody else and Back works.
 * Links are real links: a new tab, copying and the middle button work as everywhere.
 */
import { store } from "./store.js";
import { useEffect } from "./ui.js";

const read = () => ({ path: location.pathname, query: location.search, hash: decode(location.hash.slice(1)) });

const place = store(read());

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where we are: the path, the query as written, and what stands behind the hash. */
export const usePlace = () => place.use();

/** Go to an address of our own. With `replace` there is no step back to where we were. */
export function go(address, { replace = false } = {}) {
  const before = place.get();
  history[replace ? "replaceState" : "pushState"](null, "", address);
  arrive(before);
}

function arrive(before) {
  const now = read();
  if (now.path !== before.path || now.query !== before.query) delete document.documentElement.dataset.ready;
  place.set(now);
  if (now.path !== before.path) {
    scrollTo(0, 0);
    document.querySelector("main")?.focus({ preventScroll: true });
  }
}

/** The address of a page with some of its query's values changed; empty values are left out. */
export function address(path, query, changes = {}) {
  const values = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || value === undefined || value === false) values.delete(name);
    else values.set(name, value === true ? "1" : String(value));
  }
  const text = values.toString();
  return text ? `${path}?${text}` : path;
}

/** The title, and the mark that a page's first data is on the screen. */
export function usePage(title, done) {
  useEffect(() => {
    document.title = title ? `${title} · Proconsul` : "Proconsul";
    if (done) document.documentElement.dataset.ready = "true";
    else delete document.documentElement.dataset.ready;
  });
}

function followed(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return null;
  return link.origin === location.origin && !/^\/(api|data|static|v1)\//.test(link.pathname) ? link : null;
}

/** Take over plain clicks on our own links, and the buttons Back and Forward. */
export function startRouter() {
  document.addEventListener("click", (event) => {
    const link = followed(event);
    if (!link) return;
    event.preventDefault();
    go(link.href);
  });
  addEventListener("popstate", () => arrive(place.get()));
  addEventListener("hashchange", () => place.set(read()));
}
