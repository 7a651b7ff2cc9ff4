import { many } from "../format.js";
import { html } from "../ui.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";

/** What stands above a waterfall: seek, jump to failures, fold, and the way back from a zoom. */
export function TraceTools({ words, hits, seek, failures, nextFailure, zoomed, whole, folded, foldAll }) {
  return html`<div class="trace-tools">
    <label class="seek"><span class="unseen">Find spans</span><${Icon} name="search" />
      <${Field} type="search" data-filter maxlength="200" placeholder="Find spans   ( / )" value=${words}
        settle=${seek} /></label>
    <span class="num soft" role="status">${hits !== undefined ? many(hits, "hit") : ""}</span>
    <span class="grow"></span>
    ${zoomed && html`<button type="button" onClick=${whole}>Whole trace <span
      class="faint num narrow-off">instead of ${zoomed}</span></button>`}
    ${failures > 0 && html`<button type="button" onClick=${nextFailure}>Next of ${many(failures, "failure")}</button>`}
    <button type="button" onClick=${foldAll}>${folded ? "Unfold all" : "Fold calls"}</button>
  </div>`;
}
