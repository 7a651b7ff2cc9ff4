import { HEAD, arrange, edgeKey, shape } from "../map-layout.js";
import { html, useMemo, useState } from "../ui.js";
import { MapEdge } from "./map-edge.js";
import { MapNode } from "./map-node.js";
import { useWidth } from "./size.js";

const NARROW = 700;
// Smaller text could not be read; what then does not fit is scrolled to.
const LEAST_SCALE = 0.72;
const MOST_SCALE = 1.15;

/** The map: services as boxes, calls as arrows. What is pointed at, and its neighbours, stand out. */
export function MapView({ map, rate }) {
  const [element, width] = useWidth(1000);
  const [lit, light] = useState("");
  const key = shape(map);
  const upright = width < NARROW;
  const plan = useMemo(() => arrange(key, upright), [key, upright]);
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, width / plan.width));
  const busiest = map.edges.reduce((most, edge) => Math.max(most, edge.rate), 0);
  const touches = (edge) => lit === edgeKey(edge) || lit === edge.from || lit === edge.to;
  const near = new Set(map.edges.filter(touches).flatMap((edge) => [edge.from, edge.to]));
  if (lit) near.add(lit);
  const dim = (fades) => (lit !== "" && fades) || undefined;
  return html`<div class="card map" ref=${element}>
    <svg role="group" aria-label="Service map" viewBox=${`0 0 ${plan.width} ${plan.height}`}
      width=${plan.width * scale} height=${plan.height * scale}>
      <defs>${["plain", "bad"].map((kind) => html`
        <marker id=${`arrow-${kind}`} class="arrow" data-kind=${kind} viewBox="0 0 10 12" refX="0.5"
          refY="6" markerWidth=${HEAD} markerHeight=${HEAD * 1.2} markerUnits="userSpaceOnUse" orient="auto"><path
          d="M0 0 10 6 0 12z" /></marker>`)}
      </defs>
      ${map.edges.filter((edge) => plan.paths.has(edgeKey(edge))).map((edge) => html`
        <${MapEdge} key=${edgeKey(edge)} edge=${edge} path=${plan.paths.get(edgeKey(edge))} busiest=${busiest}
          rate=${rate} dim=${dim(!touches(edge))} light=${light} />`)}
      ${map.nodes.map((node) => html`
        <${MapNode} key=${node.name} node=${node} spot=${plan.nodes.get(node.name)}
          rate=${rate} dim=${dim(!near.has(node.name))} light=${light} />`)}
    </svg>
  </div>`;
}
