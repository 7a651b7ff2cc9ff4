import { brief, bytes, duration, number, plain, rates } from "../format.js";
import { html } from "../ui.js";
import { TimeChart } from "./time-chart.js";

// More lines in one chart cannot be told apart.
const MOST_LINES = 6;

const WRITERS = {
  s: (value) => duration(value * 1000),
  ms: duration,
  By: bytes,
  1: number,
};

/** How a metric's values are written. UCUM's annotations in braces ("{attempt}") only say what is counted. */
function writer(unit, lines) {
  if (unit === "1/s") return rates(lines.flatMap((line) => line.points.map(([, value]) => value)));
  if (WRITERS[unit]) return WRITERS[unit];
  if (/^\{.*\}$/.test(unit) || !unit) return number;
  return (value) => `${number(value)}\u00a0${brief(unit.replace(/[{}]/g, ""), 16)}`;
}

function charts(series) {
  const found = new Map();
  for (const one of series) {
    if (!one.points.length) continue;
    const key = JSON.stringify([one.metric, one.kind, one.unit]);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(one);
  }
  return [...found.values()].sort((one, other) => (one[0].metric < other[0].metric ? -1 : 1));
}

/** The attributes by which the series of one chart differ: the others say nothing here. */
function differing(group) {
  const names = new Set(group.flatMap((one) => Object.keys(one.attributes)));
  return [...names].filter((name) => new Set(group.map((one) => JSON.stringify(one.attributes[name]))).size > 1);
}

function lines(group) {
  const names = differing(group);
  const alone = new Set(group.map((one) => one.instance)).size === 1 && names.length > 0;
  return group
    .slice()
    .sort((one, other) => other.points.at(-1)[1] - one.points.at(-1)[1])
    .slice(0, MOST_LINES)
    .map((one, place) => ({
      name: plain([...(alone ? [] : [one.instance]), ...names.map((name) => one.attributes[name] ?? "–")].join(" · ")),
      colour: `var(--service-${[10, 8, 4, 6, 2, 9][place]})`,
      points: one.points,
    }));
}

/** A service's metrics, a small chart for each. */
export function Metrics({ series }) {
  const groups = charts(series);
  if (!groups.length) {
    return html`<p class="soft card pad">No metrics in the last 15 minutes.
      A process reports every 60 s, unless OTEL_METRIC_EXPORT_INTERVAL says otherwise.</p>`;
  }
  return html`<div class="charts">${groups.map((group) => html`
    <figure class="card chart" key=${JSON.stringify([group[0].metric, group[0].kind, group[0].unit])}>
      <figcaption><bdi class="mono cut" title=${plain(group[0].metric)}>${brief(group[0].metric, 80)}</bdi><span
        class="faint">${meaning(group[0])}</span></figcaption>
      <${TimeChart} lines=${lines(group)} write=${writer(group[0].unit, group)} />
      ${group.length > MOST_LINES && html`<p class="faint note">and ${group.length - MOST_LINES} lower series</p>`}
    </figure>`)}</div>`;
}

const KINDS = { rate: "rate", mean: "mean" };

/** What the numbers are, where they do not say it themselves. */
function meaning({ kind, unit }) {
  const counted = /^\{(.*)\}$/.exec(unit);
  return [counted ? `${brief(counted[1], 24)}s` : "", KINDS[kind] ?? ""].filter(Boolean).join(", ");
}
