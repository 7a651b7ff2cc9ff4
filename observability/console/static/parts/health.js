import { brief, many } from "../format.js";
import { html } from "../ui.js";
import { Icon } from "./icon.js";

const ICONS = { passing: "tick", warning: "warning", critical: "cross", maintenance: "wrench" };

/** What an instance's health comes to for a reader: maintenance says more than the check that it makes critical. */
export const state = (instance) => (instance.maintenance ? "maintenance" : instance.health);

/** Health in a word with its sign, so that colour is never alone. */
export function Health({ health, children }) {
  return html`<span class="health" data-health=${health}><${Icon} name=${ICONS[health] ?? "info"} size="14" />
    ${children ?? brief(health, 24)}</span>`;
}

/** A square for each instance, the unhealthy ones with a cut corner. */
export function Squares({ instances }) {
  return html`<span class="squares" aria-hidden="true">
    ${instances.slice(0, 24).map((instance) => html`<i data-health=${state(instance)}
      title=${`${brief(instance.id)}: ${state(instance)}`}></i>`)}
    ${instances.length > 24 && html`<small>+${instances.length - 24}</small>`}
  </span>`;
}

/** How all instances of a service are, in words: the worst first. */
export function summary(instances) {
  if (!instances.length) return { health: "critical", text: "no instances" };
  const states = instances.map(state);
  for (const health of ["critical", "warning", "maintenance"]) {
    const of = states.filter((each) => each === health).length;
    const how = health === "maintenance" ? "in maintenance" : health;
    if (of) return { health, text: `${of} of ${many(instances.length, "instance")} ${how}` };
  }
  return { health: "passing", text: `${many(instances.length, "instance")} passing` };
}
