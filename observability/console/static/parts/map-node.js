import { colour } from "../colours.js";
import { brief, concise, duration, many, percent } from "../format.js";
import { NODE } from "../map-layout.js";
import { html } from "../ui.js";
import { servicePath } from "./service-name.js";

const RING = 15;
const ROUND = 2 * Math.PI * RING;
// Where the text begins, and what is kept free behind it.
const TEXT = 58;
const PAD = 4;

/** How a node's service is, as a word that its colour follows. */
export function condition(node) {
  if (!node.registered) return "unregistered";
  if (node.passing === 0) return "critical";
  return node.passing < node.instances ? "warning" : "passing";
}

/** What stands in a node, as a sentence. */
export function nodeSentence(node, rate) {
  const passing = `${node.passing} of ${many(node.instances, "instance")} passing`;
  const load = `${rate(node.rate)}, ${percent(node.errors)} errors, p95 ${duration(node.p95_ms)}`;
  const who = node.registered ? passing : "not in the registry";
  return [brief(node.name), who, node.rate ? load : "no requests"].join(", ");
}

/** A service on the map; the ring is filled by the share of its instances that pass. */
export function MapNode({ node, spot, rate, dim, light }) {
  const { width, height } = NODE;
  const idle = node.registered ? "no requests" : "not registered";
  const summary = node.rate ? `${rate(node.rate)} · p95 ${concise(node.p95_ms)}` : idle;
  const share = node.instances ? node.passing / node.instances : 0;
  return html`<a class="node" href=${servicePath(node.name)} aria-label=${nodeSentence(node, rate)}
    data-health=${condition(node)} data-dim=${dim}
    style=${{ "--service": colour(node.name) }} transform=${`translate(${spot.x - width / 2} ${spot.y - height / 2})`}
    onPointerEnter=${() => light(node.name)} onPointerLeave=${() => light("")}
      onFocus=${() => light(node.name)} onBlur=${() => light("")}>
    <title>${nodeSentence(node, rate)}</title>
    <rect class="box" width=${width} height=${height} rx="10" />
    <rect class="stripe" x="0" y="14" width="4" height=${height - 28} rx="2" />
    <g transform="translate(33 ${height / 2})">
      <circle class="track" r=${RING} />
      <circle class="ring" r=${RING} stroke-dasharray=${`${ROUND * share} ${ROUND}`} transform="rotate(-90)" />
      <text class="inside" text-anchor="middle" y="4">${node.registered ? `${node.passing}/${node.instances}` : "?"}
        </text>
    </g>
    <svg class="node-text" x=${TEXT} width=${width - TEXT - PAD} height=${height}>
      <text class="node-name" y="26">${brief(node.name, 16)}</text>
      <text class="node-line" y="44">${summary}</text>
      <text class="node-line" y="61" data-bad=${node.errors > 0 || undefined}>
        ${node.rate ? `${percent(node.errors)} errors` : ""}</text>
    </svg>
  </a>`;
}
