import { count } from "../format.js";
import { address, go, usePlace } from "../router.js";
import { html } from "../ui.js";

/** The two ways to look at a trace. */
export function TraceTabs({ tab, logs }) {
  const { path, query, hash } = usePlace();
  const show = (name) => go(address(path, query, { tab: name === "logs" ? name : "" }) + (hash ? `#${hash}` : ""));
  const step = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const other = tab === "logs" ? "waterfall" : "logs";
    show(other);
    document.getElementById(`tab-${other}`).focus();
  };
  const Tab = (name, text) => html`<button type="button" role="tab" id=${`tab-${name}`} aria-controls="panel"
    aria-selected=${String(tab === name)} tabindex=${tab === name ? 0 : -1} onClick=${() => show(name)}>${text}
      </button>`;
  return html`<div class="tabs" role="tablist" aria-label="Views" onKeyDown=${step}>
    ${Tab("waterfall", "Waterfall")}
    ${Tab("logs", html`Logs <span class="chip">${count(logs)}</span>`)}
  </div>`;
}
