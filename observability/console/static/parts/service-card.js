import { since, useNow } from "../clock.js";
import { age, brief } from "../format.js";
import { html } from "../ui.js";
import { Health, Squares, summary } from "./health.js";
import { Icon } from "./icon.js";
import { Instances } from "./instances.js";
import { Load } from "./load.js";
import { ServiceName, servicePath } from "./service-name.js";

// Views are renewed by blocking queries that last at most this long, so an older one has lost its source.
const STALE_S = 330;

const SOURCES = { snapshot: "from a saved snapshot", static: "from a fixed list" };

/** One service of the list: a line of its own, and its instances below when unfolded. */
export function ServiceCard({ service, at, rate, open, toggle }) {
  const { health, text } = summary(service.instances);
  return html`<li class="card" data-health=${health}>
    <div class="service-row">
      <button class="fold" type="button" data-row aria-expanded=${open ? "true" : "false"}
        aria-label=${`Instances of ${brief(service.name)}`}
        onClick=${() => toggle(service.name)}><${Icon} name=${open ? "down" : "right"} /></button>
      <div class="service-who">
        <a class="service-link" href=${servicePath(service.name)}><${ServiceName} name=${service.name} /></a>
        <${Squares} instances=${service.instances} />
      </div>
      <${Health} health=${health}>${text}<//>
      <${Load} load=${service.load} rate=${rate} />
      <${ViewAge} service=${service} at=${at} />
    </div>
    ${service.problem && html`<p class="service-problem warn"><${Icon} name="warning" size="14" /> <bdi>
      ${brief(service.problem, 300)}</bdi></p>`}
    ${open && html`<${Instances} instances=${service.instances} rate=${rate} />`}
  </li>`;
}

/** How old the view is from which everybody picks; it ticks by itself between two events. */
export function ViewAge({ service, at }) {
  useNow();
  const seconds = service.age_s + since(at);
  const source = SOURCES[service.source];
  return html`<span class=${`view-age num ${seconds > STALE_S || service.source === "snapshot" ? "warn" : "soft"}`}
    title=${`The registry's answer from which instances are picked; its index is ${service.index}`}>
    view ${age(seconds)} old${source && html`<small> ${source}</small>`}
  </span>`;
}
