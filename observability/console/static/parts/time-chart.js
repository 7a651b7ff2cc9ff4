import { clock } from "../format.js";
import { linear, minutes, ticks } from "../scale.js";
import { html, useState } from "../ui.js";
import { useWidth } from "./size.js";

const HEIGHT = 132;
const LEFT = 52;
const BOTTOM = 20;
const TOP = 8;
// A process that has just begun has few points, which would not fill a chart.
const SHORTEST_MS = 120_000;

/** What a line was at a moment: its point nearest to it. */
function nearest(points, at) {
  return points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best), points[0]);
}

/** Lines over time. `lines` are {name, colour, points: [[ms, value], ...]}; `write` gives a value its unit. */
export function TimeChart({ lines, write }) {
  const [element, width] = useWidth(360);
  const [at, point] = useState(null);
  const times = lines.flatMap((line) => line.points.map(([when]) => when));
  const to = Math.max(...times);
  const from = Math.min(to - SHORTEST_MS, ...times);
  const most = Math.max(...lines.flatMap((line) => line.points.map(([, value]) => value)), 0);
  const high = ticks(0, most || 1, 3).at(-1) < most ? most * 1.05 : Math.max(most, ticks(0, most || 1, 3).at(-1));
  const x = linear(from, to, LEFT, width - 6);
  const y = linear(0, high, HEIGHT - BOTTOM, TOP);
  const hover = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    point(from + ((event.clientX - box.left - LEFT) / Math.max(1, width - 6 - LEFT)) * (to - from));
  };
  return html`<div class="time-chart" ref=${element}>
    <svg width=${width} height=${HEIGHT} aria-hidden="true" onPointerMove=${hover} onPointerLeave=${() => point(null)}>
      ${ticks(0, high, 3).map((value) => html`
        <line class="grid" x1=${LEFT} x2=${width - 6} y1=${y(value)} y2=${y(value)} />
        <text class="tick" x=${LEFT - 8} y=${y(value) + 4} text-anchor="end">${write(value)}</text>`)}
      ${minutes(from, to, width / 110).map((when) => html`
        <text class="tick" x=${x(when)} y=${HEIGHT - 4} text-anchor="middle">${clock(when, to - from)}</text>`)}
      ${lines.map((line) => html`<polyline class="curve" style=${{ stroke: line.colour }}
        points=${line.points.map(([when, value]) => `${x(when).toFixed(1)},${y(value).toFixed(1)}`).join(" ")} />`)}
      ${lines.map((line) => line.points.length === 1 && html`<circle r="2.5" cx=${x(line.points[0][0])}
        cy=${y(line.points[0][1])} style=${{ fill: line.colour }} />`)}
      ${at !== null && html`<line class="cross" x1=${x(at)} x2=${x(at)} y1=${TOP} y2=${HEIGHT - BOTTOM} />
        ${lines.map((line) => {
          const [when, value] = nearest(line.points, at);
          return html`<circle r="3" cx=${x(when)} cy=${y(value)} style=${{ fill: line.colour }} />`;
        })}`}
    </svg>
    <ul class="legend">${lines.map((line) => {
      const [, value] = at === null ? line.points.at(-1) : nearest(line.points, at);
      return html`<li style=${{ "--service": line.colour }}><i aria-hidden="true"></i><bdi class="cut"
        title=${line.name}>${line.name}</bdi><span class="num">${write(value)}</span></li>`;
    })}</ul>
  </div>`;
}
