import { colour } from "../colours.js";
import { brief } from "../format.js";
import { html } from "../ui.js";

/** The address of a service's page. */
export const servicePath = (name) => `/services/${encodeURIComponent(name)}`;

/** A service's name with its colour; or another text, such as an instance's id, in the colour of its service. */
export function ServiceName({ name, text = name }) {
  return html`<span class="service-name" style=${{ "--service": colour(name) }}
    title=${text.length > 60 ? brief(text, 400) : undefined}>
    <i aria-hidden="true"></i><bdi>${brief(text, 60)}</bdi>
  </span>`;
}
