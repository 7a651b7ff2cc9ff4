import { brief, concise, count, duration, many, percent } from "../format.js";
import { address } from "../router.js";
import { html } from "../ui.js";

const THINNEST = 1.4;
const THICKEST = 6;
// A smaller share of red could not be seen.
const LEAST_RED = 0.08;

/** What an edge says, as a sentence. */
export function edgeSentence(edge, rate) {
  const figures = [
    rate(edge.rate),
    `${percent(edge.errors)} errors`,
    `p95 ${duration(edge.p95_ms)}`,
    many(edge.retries, "retry", "retries"),
  ];
  return `${brief(edge.from)} calls ${brief(edge.to)}: ${figures.join(", ")}`;
}

/** Calls from one service to another: as wide as they are many, red by the share that failed, dashed when repeated. */
export function MapEdge({ edge, path, busiest, rate, dim, light }) {
  const wide = THINNEST + (THICKEST - THINNEST) * Math.sqrt(busiest ? edge.rate / busiest : 0);
  const red = edge.errors ? Math.max(LEAST_RED, edge.errors) : 0;
  const failed = edge.errors ? `${percent(edge.errors)} errors` : "";
  const notes = [failed, edge.retries ? `${count(edge.retries)}\u00a0↻` : ""].filter(Boolean).join(" · ");
  const text = `${rate(edge.rate)} · ${concise(edge.p95_ms)}`;
  const long = Math.max(text.length, notes.length) * 6.1 + 12;
  const high = notes ? 36 : 20;
  return html`<a class="edge" href=${address("/traces", "", { service: edge.to })}
    aria-label=${`${edgeSentence(edge, rate)}. Show traces`} data-dim=${dim}
    onPointerEnter=${() => light(JSON.stringify([edge.from, edge.to]))} onPointerLeave=${() => light("")}
    onFocus=${() => light(JSON.stringify([edge.from, edge.to]))} onBlur=${() => light("")}>
    <title>${edgeSentence(edge, rate)}</title>
    <path class="reach" d=${path.d} />
    <path class="line" d=${path.d} data-retried=${edge.retries > 0 || undefined}
      stroke-width=${wide.toFixed(2)} marker-end=${`url(#arrow-${red > 0.5 ? "bad" : "plain"})`} />
    ${red > 0 && html`<path class="line red" d=${path.d} pathLength="1" stroke-dasharray=${`${red} 1`}
      stroke-width=${wide.toFixed(2)} />`}
    <rect class="label" x=${path.x - long / 2} y=${path.y - high / 2} width=${long} height=${high} rx="5" />
    <text class="edge-text" text-anchor="middle" x=${path.x} y=${path.y + (notes ? -4 : 4)}>${text}</text>
    ${notes && html`<text class="edge-text" data-kind=${edge.errors ? "bad" : "warn"} text-anchor="middle"
      x=${path.x} y=${path.y + 11}>${notes}</text>`}
  </a>`;
}
