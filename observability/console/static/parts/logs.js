import { colour } from "../colours.js";
import { brief, duration, moment, plain } from "../format.js";
import { html } from "../ui.js";
import { Attributes } from "./attributes.js";
import { Empty } from "./notice.js";

/** All lines of log of a trace, in the order of their times. */
export function Logs({ trace }) {
  if (!trace.logs.length) {
    return html`<div class="card"><${Empty} title="No log lines">
      <p>Services tell changes of their state in the log, and requests in traces.
        So a request that changed nothing has none.</p><//></div>`;
  }
  return html`<ol class="card logs all">${trace.logs.map((log) => html`<${LogLine} log=${log} />`)}</ol>`;
}

/** One line of log. `short` leaves out what its surroundings say. */
export function LogLine({ log, short = false }) {
  const attributes = Object.keys(log.attributes).length > 0;
  return html`<li class="log" data-level=${log.level} style=${{ "--service": colour(log.service) }}>
    <span class="num faint log-when" title=${moment(log.time_ms)}>${duration(log.offset_ms)}</span>
    <span class="level">${plain(log.level)}</span>
    ${!short && html`<span class="log-who cut"><i class="pill" aria-hidden="true"></i><bdi title=${plain(log.logger)}>
      ${brief(log.instance || log.service, 60)}</bdi></span>`}
    <div class="log-text">
      <pre class="raw">${plain(log.text)}</pre>
      ${attributes && html`<details><summary class="faint">data</summary><${Attributes} of=${log.attributes} />
        </details>`}
    </div>
    ${!short && (log.span ? html`<a class="log-span"
      href=${`${location.pathname}#${encodeURIComponent(log.span)}`}>its span</a>` : html`<span></span>`)}
  </li>`;
}
