import { colour } from "../colours.js";
import { ago, brief, clock, concise, duration, many } from "../format.js";
import { go } from "../router.js";
import { linear, logarithmic, logTicks, minutes } from "../scale.js";
import { html, useMemo, useState } from "../ui.js";
import { useWidth } from "./size.js";

const HEIGHT = 168;
const LEFT = 68;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 22;
// What is not among the middle nine tenths is drawn as long as it leaves some room to them.
const END = 1 / 20;
const REACH = 20;
const LEAST_MS = 15 * 60_000;

/** The traces without those few that are far from all others in time: one wrong clock would leave no room for them. */
function together(traces) {
  if (traces.length < 3) return traces;
  const times = traces.map((trace) => trace.start_ms).sort((one, other) => one - other);
  const few = Math.ceil(times.length * END);
  const [from, to] = [times[few], times.at(-1 - few)];
  const reach = REACH * Math.max(to - from, LEAST_MS);
  return traces.filter(({ start_ms: at }) => at >= from - reach && at <= to + reach);
}

function frame(traces, width) {
  const times = traces.map((trace) => trace.start_ms);
  const lengths = traces.map((trace) => Math.max(trace.duration_ms, 0.01));
  const low = Math.min(...lengths) / 1.4;
  const high = Math.max(...lengths) * 1.4;
  const [from, to] = [Math.min(...times), Math.max(...times)];
  return {
    low, high, from, to,
    x: linear(from, to > from ? to : from + 1, LEFT + 6, width - RIGHT),
    y: logarithmic(low, high, HEIGHT - BOTTOM, TOP),
  };
}

/** When traces began and how long they took. The list below shows the same to the keyboard and to screen readers. */
export function Scatter({ traces, lit, light }) {
  const [element, width] = useWidth(900);
  const [at, point] = useState(null);
  const drawn = useMemo(() => together(traces), [traces]);
  const { low, high, from, to, x, y } = useMemo(() => frame(drawn, width), [drawn, width]);
  const outside = traces.length - drawn.length;
  const shown = at ?? drawn.find((trace) => trace.id === lit) ?? null;
  const see = (trace) => { point(trace); light(trace?.id ?? ""); };
  return html`<div class="card scatter" ref=${element} aria-hidden="true">
    <svg width=${width} height=${HEIGHT} onPointerLeave=${() => see(null)}>
      ${logTicks(low, high).map((value) => html`
        <line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(value)} y2=${y(value)} />
        <text class="tick" x=${LEFT - 8} y=${y(value) + 4} text-anchor="end">${concise(value)}</text>`)}
      ${minutes(from, to, width / 120).map((when) => html`
        <text class="tick" x=${x(when)} y=${HEIGHT - 5} text-anchor="middle">${clock(when, to - from)}</text>`)}
      ${drawn.map((trace) => html`<${Dot} key=${trace.id} trace=${trace} x=${x(trace.start_ms)}
        y=${y(trace.duration_ms)}
        lit=${shown?.id === trace.id} see=${see} />`)}
    </svg>
    ${shown && html`<${Tip} trace=${shown} x=${x(shown.start_ms)} y=${y(shown.duration_ms)} width=${width} />`}
    <p class="key faint">
      <span><i class="dot"></i> colour: the service that was asked first</span>
      <span><i class="dot failed"></i> has errors</span>
      <span><i class="dot retried"></i> has retries</span>
      ${outside > 0 && html`<span>${many(outside, "trace")} outside, far from the others in time</span>`}
    </p>
  </div>`;
}

/** A ring is a retry, a red cross an error: shape tells what colour tells. */
function Dot({ trace, x, y, lit, see }) {
  const kind = trace.errors ? "failed" : trace.retries ? "retried" : "fine";
  return html`<g class="point" data-kind=${kind} data-lit=${lit || undefined}
    style=${{ "--service": colour(trace.service) }}
    transform=${`translate(${x.toFixed(1)} ${y.toFixed(1)})`} onPointerEnter=${() => see(trace)}
      onClick=${() => go(`/trace/${trace.id}`)}>
    <circle class="reach" r="8" />
    ${kind === "failed" ? html`<path d="m-4-4 8 8m0-8-8 8" />` : html`<circle r=${kind === "retried" ? 4.5 : 4} />`}
  </g>`;
}

function Tip({ trace, x, y, width }) {
  const right = x > width * 0.6;
  const style = {
    left: right ? "auto" : `${x + 14}px`,
    right: right ? `${width - x + 14}px` : "auto",
    top: `${Math.min(Math.max(y - 22, 4), HEIGHT - 80)}px`,
  };
  const facts = [
    many(trace.spans, "span"),
    trace.errors ? many(trace.errors, "error") : "",
    trace.retries ? many(trace.retries, "retry", "retries") : "",
    ago((Date.now() - trace.start_ms) / 1000),
  ];
  return html`<div class="tip" style=${style}>
    <p class="strong"><bdi>${brief(trace.name, 60)}</bdi></p>
    <p class="num">${duration(trace.duration_ms)} · <bdi>${brief(trace.service, 40)}</bdi></p>
    <p class="num soft">${facts.filter(Boolean).join(", ")}</p>
  </div>`;
}
