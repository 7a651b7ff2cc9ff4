import { html } from "../ui.js";

// Drawn on a grid of 16, by strokes.
const PATHS = {
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  tick: "m3.5 8.5 3 3 6-7",
  cross: "m4.5 4.5 7 7m0-7-7 7",
  warning: "M8 2.5 14 13H2zM8 6.8v2.8m0 1.6v.1",
  info: "M8 7.3V11M8 5v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  sun: "M8 1.5v1.2m0 10.6v1.2M1.5 8h1.2m10.6 0h1.2M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9" +
    "M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  link: "M6.7 9.3a2.7 2.7 0 0 0 3.8 0l2.2-2.2a2.7 2.7 0 0 0-3.8-3.8l-.7.7" +
    "m1.1 2.7a2.7 2.7 0 0 0-3.8 0L3.3 8.9a2.7 2.7 0 0 0 3.8 3.8l.7-.7",
  repeat: "M2.5 7.5a4 4 0 0 1 4-4h6m-2.2-2.2 2.2 2.2-2.2 2.2M13.5 8.5a4 4 0 0 1-4 4h-6m2.2-2.2-2.2 2.2 2.2 2.2",
  search: "m10.3 10.3 3.2 3.2M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0Z",
  wrench: "M10 2.5a3.5 3.5 0 0 0-3 5L2.7 11.8l1.5 1.5L8.5 9a3.5 3.5 0 0 0 5-3.2l-2 1.2-1.7-1 0-2z",
};

/** A small drawing beside words that say the same; it is hidden from screen readers. */
export function Icon({ name, size = 16 }) {
  return html`<svg class="icon" viewBox="0 0 16 16" width=${size} height=${size} aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}
