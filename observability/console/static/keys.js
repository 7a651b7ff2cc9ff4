/** Keys that work on a page. What is typed into a field, or together with Ctrl, Alt or Cmd, is left alone. */
import { go } from "./router.js";
import { useEffect, useRef } from "./ui.js";

const CHORD_MS = 1200;
const PLACES = { s: "/", t: "/traces", m: "/map" };

/** What the help shows: keys, and what they do. */
export const HELP = [
  ["Everywhere", [
    [["g", "s"], "go to the services"],
    [["g", "t"], "go to the traces"],
    [["g", "m"], "go to the map"],
    [["/"], "to the filter"],
    [["?"], "this help"],
    [["Esc"], "close, or leave the field"],
  ]],
  ["In lists and traces", [
    [["j"], "next row; also ↓"],
    [["k"], "previous row; also ↑"],
    [["Enter"], "open the row, or its details"],
  ]],
  ["In a trace", [
    [["→"], "unfold, or go to the first child"],
    [["←"], "fold, or go to the parent"],
    [["z"], "zoom to the span, and back"],
    [["e"], "next span that failed"],
  ]],
];

const typing = (target) => target instanceof HTMLElement && target.matches("input, select, textarea");

/** While this part is on the page, `actions[key]` is called for that key. It may return false to pass it on. */
export function useKeys(actions) {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (typing(event.target) || document.querySelector("dialog[open]")) return;
      const act = latest.current[event.key];
      if (act && act(event) !== false) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** The keys of every page: places by two keys, the filter, and the help. */
export function useGlobalKeys(showHelp) {
  const chord = useRef(0);
  const place = (key) => () => {
    if (performance.now() - chord.current > CHORD_MS) return false;
    chord.current = 0;
    go(PLACES[key]);
    return true;
  };
  useKeys({
    g: () => (chord.current = performance.now()),
    s: place("s"),
    t: place("t"),
    m: place("m"),
    "?": showHelp,
    "/": () => {
      const field = document.querySelector("[data-filter]");
      field?.focus();
      field?.select();
      return Boolean(field);
    },
  });
  useEffect(() => {
    const leave = (event) => {
      if (event.key === "Escape" && typing(event.target)) event.target.blur();
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);
}

/** Move the focus among the rows of a list (`[data-row]`). */
export function useRowKeys() {
  const move = (step) => () => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const next = rows[rows.indexOf(document.activeElement) + step] ?? (step > 0 ? rows[0] : null);
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return Boolean(next);
  };
  const [down, up] = [move(1), move(-1)];
  const inside = (act) => () => (document.activeElement?.matches("[data-row]") ? act() : false);
  useKeys({ j: down, k: up, ArrowDown: inside(down), ArrowUp: inside(up) });
}
