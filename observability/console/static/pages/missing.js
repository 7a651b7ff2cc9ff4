import { Empty } from "../parts/notice.js";
import { usePage } from "../router.js";
import { html } from "../ui.js";

/** An address that leads nowhere. */
export function Missing() {
  usePage("Nothing here", true);
  return html`<${Empty} title="There is nothing at this address" level="1">
    <p>It may be mistyped. Everything starts from the <a href="/">services</a>.</p>
  <//>`;
}
