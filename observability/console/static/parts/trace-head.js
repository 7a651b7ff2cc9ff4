import { useNow } from "../clock.js";
import { ago, brief, count, duration, moment } from "../format.js";
import { result } from "../trace-model.js";
import { html } from "../ui.js";
import { Copy } from "./copy.js";
import { ServiceName, servicePath } from "./service-name.js";

/** What a trace is about, in one line of words and one of numbers. */
export function TraceHead({ tree }) {
  const { trace, spans } = tree;
  const now = useNow(5000);
  const root = spans[0];
  const outcome = result(root);
  const asked = String(root.attributes["url.path"] ?? "");
  const spread = new Map();
  for (const span of spans) spread.set(span.service, (spread.get(span.service) ?? 0) + 1);
  return html`<header class="trace-head">
    <p class="crumbs"><a href="/traces">Traces</a> <span class="mono faint raw">${trace.id}</span></p>
    <div class="page-head">
      <h1><${ServiceName} name=${root.service} /> <bdi class="trace-title">${brief(root.name, 200)}</bdi>
        ${asked && !root.name.endsWith(asked) && html` <bdi class="asked mono">${brief(asked, 120)}</bdi>`}
        ${outcome && html` <span class="chip big" data-kind=${root.failed ? "bad" : "good"}>${brief(outcome, 40)}
          </span>`}
        ${root.orphan && html` <span class="chip big"
          title="The first span has not come, or is kept no more">no root</span>`}</h1>
      <div class="actions">
        <${Copy} text=${location.href} label="Copy link" />
        <a class="button" href=${`/api/traces/${trace.id}`}>Open as Jaeger JSON</a>
      </div>
    </div>
    <dl class="trace-facts">
      <${Fact} name="Took" figure=${duration(trace.duration_ms)} />
      <${Fact} name="Began" figure=${ago((now - trace.start_ms) / 1000)} note=${moment(trace.start_ms)} />
      <${Fact} name="Spans" figure=${count(spans.length)} />
      <${Fact} name="Errors" figure=${count(trace.errors)} kind=${trace.errors ? "bad" : ""} />
      <${Fact} name="Retries" figure=${count(trace.retries)} kind=${trace.retries ? "warn" : ""} />
      <div class="trace-services"><dt>Services</dt><dd>${[...spread].map(([name, has]) => html`
        <a href=${servicePath(name)}><${ServiceName} name=${name} /> <span class="faint num">${count(has)}</span>
          </a>`)}</dd></div>
    </dl>
  </header>`;
}

function Fact({ name, figure, note, kind = "" }) {
  return html`<div title=${note}><dt>${name}</dt><dd class=${`num ${kind}`}>${figure}</dd></div>`;
}
