import { colour } from "../colours.js";
import { useNow } from "../clock.js";
import { ago, brief, concise, count, duration, many, moment } from "../format.js";
import { html } from "../ui.js";
import { Icon } from "./icon.js";

const MOST_CHIPS = 5;

/** The list of traces, newest first. Each is one link; its bar compares it with the slowest shown. */
export function TraceList({ traces, lit, light }) {
  const now = useNow(5000);
  const longest = traces.reduce((most, trace) => Math.max(most, trace.duration_ms), 0);
  return html`<ol class="card traces">${traces.map((trace) => html`
    <${Row} key=${trace.id} trace=${trace} longest=${longest} now=${now} lit=${lit === trace.id} light=${light} />`)}
  </ol>`;
}

function Row({ trace, longest, now, lit, light }) {
  const share = longest ? Math.max(0.004, trace.duration_ms / longest) : 0;
  return html`<li data-lit=${lit || undefined} onPointerEnter=${() => light(trace.id)}
    onPointerLeave=${() => light("")}>
    <a class="trace-row" data-row href=${`/trace/${trace.id}`} style=${{ "--service": colour(trace.service) }}>
      <span class="trace-name">
        <i class="pill" aria-hidden="true"></i>
        <span class="cut"><bdi class="soft">${brief(trace.service, 40)}</bdi> <bdi class="strong"
          title=${brief(trace.name, 400)}>${brief(trace.name, 120)}</bdi>${trace.path && !trace.name.endsWith(trace.path)
          && html` <bdi class="mono faint">${brief(trace.path, 120)}</bdi>`}</span>
        ${trace.status !== null && html`<span class=${`num ${trace.status >= 500 ? "bad strong" : "faint"}`}>
          ${trace.status}</span>`}
        ${!trace.rooted && html`<span class="chip"
          title="Its first span has not come, or is kept no more">no root</span>`}
      </span>
      <span class="trace-marks">
        ${trace.errors > 0 && html`<span class="chip" data-kind="bad"><${Icon} name="cross" size="12" />
          ${many(trace.errors, "error")}</span>`}
        ${trace.retries > 0 && html`<span class="chip" data-kind="warn"><${Icon} name="repeat" size="12" />
          ${many(trace.retries, "retry", "retries")}</span>`}
      </span>
      <span class="trace-length">
        <span class="num strong" title=${duration(trace.duration_ms)}>${concise(trace.duration_ms)}</span>
        <span class="length-bar" aria-hidden="true"><i style=${{ width: `${share * 100}%` }}></i></span>
      </span>
      <span class="chips">
        ${trace.services.slice(0, MOST_CHIPS).map((one) => html`<${Chip} one=${one} />`)}
        ${trace.services.length > MOST_CHIPS && html`<span class="chip">+${trace.services.length - MOST_CHIPS}</span>`}
      </span>
      <span class="trace-when num faint" title=${moment(trace.start_ms)}>${ago((now - trace.start_ms) / 1000)}</span>
    </a>
  </li>`;
}

function Chip({ one }) {
  return html`<span class="chip of-service" style=${{ "--service": colour(one.name) }}
    title=${`${brief(one.name, 200)}: ${many(one.spans, "span")}`}>
    <i aria-hidden="true"></i><bdi class="cut">${brief(one.name, 24)}</bdi><b>${count(one.spans)}</b>
  </span>`;
}
