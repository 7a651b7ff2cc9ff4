import { brief } from "../format.js";
import { html } from "../ui.js";
import { Icon } from "./icon.js";

const ICONS = { info: "info", warn: "warning", bad: "warning" };

/** A sentence that stands out: what is the matter, and what it means for the reader. */
export function Notice({ kind = "info", title, children }) {
  return html`<div class="notice" data-kind=${kind} role=${kind === "info" ? "status" : "alert"}>
    <${Icon} name=${ICONS[kind]} size="18" />
    <div><p class="strong">${title}</p>${children}</div>
  </div>`;
}

/** What stands where there is nothing to show: why, and how to change that. */
export function Empty({ title, level = 2, children }) {
  return html`<div class="empty">
    <svg viewBox="0 0 120 56" width="120" height="56" aria-hidden="true">
      <path class="empty-line" d="M18 14h50M30 28h62M44 42h26" />
      <path class="empty-accent" d="M52 14h16M76 28h16" />
    </svg>
    ${level === "1" ? html`<h1>${title}</h1>` : html`<h2>${title}</h2>`}
    ${children}
  </div>`;
}

/** A failure to get what a page shows. What was shown before stays below it. */
export function Trouble({ problem, again }) {
  return html`<${Notice} kind="bad" title=${problem.message}>
    ${problem.errors?.map(({ field, message }) => html`<p><code>${brief(field)}</code> ${brief(message)}</p>`)}
    <p>${problem.status === 0 ? "It may have been stopped or may be restarting. " : ""}<button class="link"
      type="button" onClick=${again}>Try again</button></p>
  <//>`;
}

/** Grey shapes while the first data is on its way. */
export function Waiting({ rows = 6 }) {
  return html`<div class="waiting" role="status"><span class="unseen">Loading</span>
    ${Array.from({ length: rows }, () => html`<i></i>`)}
  </div>`;
}
