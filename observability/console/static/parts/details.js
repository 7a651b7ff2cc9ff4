import { brief, duration, moment, plain, time } from "../format.js";
import { pause, refusal, result, title } from "../trace-model.js";
import { html } from "../ui.js";
import { Attributes } from "./attributes.js";
import { Copy } from "./copy.js";
import { Icon } from "./icon.js";
import { LogLine } from "./logs.js";
import { ServiceName, servicePath } from "./service-name.js";

/** Everything about one span. */
export function Details({ tree, at, close, zoom }) {
  const span = tree.spans[at];
  const logs = tree.logs.get(span.id) ?? [];
  return html`<aside class="card details" aria-label="Details of the span" tabindex="-1">
    <header>
      <div class="grow">
        <a class="details-service" href=${servicePath(span.service)}><${ServiceName} name=${span.service} /></a>
        <h2 class="raw">${brief(title(span), 400)}</h2>
      </div>
      <button class="quiet round" type="button" aria-label="Close the details" title="Close (Esc)" onClick=${close}>
        <${Icon} name="cross" /></button>
    </header>
    <div class="details-inside">
      <${Facts} tree=${tree} at=${at} />
      <p class="actions"><button type="button" onClick=${() => zoom(at)}>Zoom to it</button> <${Copy}
        text=${location.href.split("#")[0] + `#${span.id}`} label="Copy link" /></p>
      <${Part} title="Attributes" count=${Object.keys(span.attributes).length} open><${Attributes}
        of=${span.attributes} /><//>
      <${Part} title="Events" count=${span.events.length} open>${span.events.map((event) => html`
        <div class="event"><p><span class="num faint">${duration(event.offset_ms)}</span> <bdi class="strong">
          ${plain(event.name)}</bdi></p><${Attributes} of=${event.attributes} /></div>`)}<//>
      <${Part} title="Links" count=${span.links.length} open><ul>${span.links.map((link) => html`
        <li><a class="mono raw" href=${`/trace/${encodeURIComponent(link.trace)}#${encodeURIComponent(link.span)}`}>
          ${brief(link.trace, 40)}</a></li>`)}</ul><//>
      <${Part} title="Logs" count=${logs.length} open><ol class="logs">${logs.map((log) => html`<${LogLine}
        log=${log} short />`)}</ol><//>
      <${Part} title="Resource" count=${Object.keys(span.resource).length}><${Attributes} of=${span.resource} /><//>
    </div>
  </aside>`;
}

function Facts({ tree, at }) {
  const span = tree.spans[at];
  const wait = pause(tree, at);
  const passed = wait ? `; ${duration(wait.to - wait.from)} passed` : "";
  const began = tree.trace.start_ms + span.offset_ms;
  const facts = [
    ["Took", duration(span.duration_ms)],
    ["Began", html`<span title=${moment(began)}>${duration(span.offset_ms)} in, at ${time(began)}</span>`],
    [span.role === "attempt" ? "Sent by" : "Instance", span.instance && html`<bdi>${plain(span.instance)}</bdi>`],
    ["Sent to", span.target && html`<bdi>${plain(span.target)}</bdi>`],
    ["Came to", result(span) && html`<span class=${span.failed ? "bad strong" : ""}>
      ${plain(result(span))}${span.final ? ", and is what the caller got" : ""}</span>`],
    ["Refused", refusal(tree, at) && html`<span class="warn">
      ${plain(refusal(tree, at))}: not processed, so it may be sent elsewhere</span>`],
    ["Repeats", span.reason && html`since the one before was ${plain(span.reason)}`],
    ["Held back", span.delay_s > 0 && `for ${duration(span.delay_s * 1000)}${passed}`],
    ["Attempts", span.attempts > 0 && String(span.attempts)],
    ["Clock", span.skew_ms !== 0 && `its process is apart: shifted by ${duration(span.skew_ms)} to fit its parent`],
    ["Parent", span.orphan && html`<span class="mono">${brief(span.parent, 32)}</span> is unknown`],
    ["Kind", span.kind],
    ["Span", html`<span class="mono">${span.id}</span>`],
  ];
  return html`<dl class="span-facts">${facts.filter(([, text]) => text).map(([name, text]) => html`<div><dt>${name}</dt>
    <dd class="raw num-ok">${text}</dd></div>`)}</dl>`;
}

function Part({ title: name, count, open = false, children }) {
  if (!count) return null;
  return html`<details class="part" open=${open}><summary><h3>${name} <span class="faint">${count}</span></h3>
    </summary>${children}</details>`;
}
