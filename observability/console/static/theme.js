import { store } from "./store.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

const current = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");

/** "dark" or "light": what was chosen, else what the system prefers. */
export const theme = store(current());

dark.addEventListener("change", () => theme.set(current()));

/** The other theme, from now on and on the next visit. */
export function switchTheme() {
  const next = current() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  theme.set(next);
}
