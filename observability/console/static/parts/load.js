import { duration, percent } from "../format.js";
import { html } from "../ui.js";

/** Requests of the last minute in three numbers; `rate` writes the first. Nothing measured is a dash, not a nought. */
export function Load({ load, rate }) {
  return html`<dl class="load">
    <div><dt>Rate</dt><dd class="num">${load ? rate(load.rate) : "–"}</dd></div>
    <div><dt>Errors</dt><dd class=${`num ${load?.errors ? "bad strong" : ""}`}>${load ? percent(load.errors) : "–"}</dd>
      </div>
    <div><dt>p95</dt><dd class="num" title=${load ? `half within ${duration(load.p50_ms)}` : undefined}>
      ${load ? duration(load.p95_ms) : "–"}</dd></div>
  </dl>`;
}
