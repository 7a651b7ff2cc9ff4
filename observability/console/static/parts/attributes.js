import { plain, value } from "../format.js";
import { html } from "../ui.js";

/** Names and values, in the order of the names. */
export function Attributes({ of }) {
  const rows = Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1));
  if (!rows.length) return null;
  return html`<table class="attributes"><tbody>${rows.map(([name, any]) => html`
    <tr><th scope="row"><bdi>${plain(name)}</bdi></th><td><div class="value raw">${value(any)}</div></td></tr>`)}
      </tbody></table>`;
}
