/**
 * What the console tells by itself. One stream serves the whole page, and only while the page is looked at:
 * a browser opens six connections to a host, which a few forgotten tabs would use up.
 */
import { store } from "./store.js";
import { useEffect, useRef } from "./ui.js";

const AGAIN_MS = 3000;

/** "connecting", "live" or "reconnecting". */
export const connection = store("connecting");

/** The document of /data/services with `at`, when it came by our own clock; null before the first. */
export const services = store(null);

/** The latest event `traces`: a sequence number that grows with what is stored. */
export const news = store({ sequence: 0 });

let stream = null;

function open() {
  if (stream || document.hidden) return;
  const opened = new EventSource("/data/live");
  stream = opened;
  opened.onopen = () => connection.set("live");
  opened.onerror = () => {
    connection.set("reconnecting");
    // A browser tries again by itself, unless it was told off.
    if (opened.readyState === EventSource.CLOSED && stream === opened) {
      stream = null;
      setTimeout(open, AGAIN_MS);
    }
  };
  opened.addEventListener("services", (event) => services.set({ ...JSON.parse(event.data), at: performance.now() }));
  opened.addEventListener("traces", (event) => news.set(JSON.parse(event.data)));
}

function close() {
  stream?.close();
  stream = null;
}

/** Listen from now on. */
export function startLive() {
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  // A page that is left but kept for the way back must not hold its connection.
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

/** Call `act` after news of traces, at most once in `everyMs`, and not for what was known before. */
export function useNews(act, everyMs) {
  const { sequence } = news.use();
  const state = useRef({ seen: sequence, last: -Infinity, timer: 0 }).current;
  state.act = act;
  useEffect(() => {
    if (sequence === state.seen || state.timer) return;
    const wait = Math.max(0, state.last + everyMs - performance.now());
    state.timer = setTimeout(() => {
      Object.assign(state, { seen: news.get().sequence, last: performance.now(), timer: 0 });
      state.act();
    }, wait);
  }, [sequence]);
  useEffect(() => () => clearTimeout(state.timer), []);
}
