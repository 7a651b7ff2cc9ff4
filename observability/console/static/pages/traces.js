import { ask, useData } from "../api.js";
import { many } from "../format.js";
import { useRowKeys } from "../keys.js";
import { useNews } from "../live.js";
import { Filters } from "../parts/filters.js";
import { Empty, Trouble, Waiting } from "../parts/notice.js";
import { Scatter } from "../parts/scatter.js";
import { TraceList } from "../parts/trace-list.js";
import { address, usePage, usePlace } from "../router.js";
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";

const PAGE = 100;
const REFRESH_MS = 400;

/** The stored traces: filters, a scatter of their durations, and the list. */
export function TracesPage() {
  const { query } = usePlace();
  const source = address("/data/traces", query, { limit: PAGE });
  const first = useData(source);
  const { traces, next, more, waiting, problem, fresh, show } = useList(source, first);
  const [lit, light] = useState("");
  usePage("Traces", first.fresh);
  useRowKeys();
  const { data } = first;
  return html`
    <div class="page-head">
      <h1>Traces</h1>
      ${data && html`<p class="soft num">
        ${many(data.stored.traces, "trace")} with ${many(data.stored.spans, "span")} stored</p>`}
    </div>
    <${Filters} query=${query} services=${data?.services ?? []}
      routes=${data?.routes ?? []} />
    ${first.problem && html`<${Trouble} problem=${first.problem} again=${first.again} />`}
    ${!data ? !first.problem && html`<${Waiting} />` : traces.length === 0
      ? html`<${Nothing} stored=${data.stored.traces} query=${query} />`
      : html`<div class="results" data-old=${!first.fresh || undefined}>
        <${Scatter} traces=${traces} lit=${lit} light=${light} />
        <div class="fresh" role="status">${fresh > 0 && html`
          <button type="button" onClick=${show}>
            ${fresh >= PAGE ? `${PAGE} or more new traces` : many(fresh, "new trace")}${" – show"}
          </button>`}</div>
        <${TraceList} traces=${traces} lit=${lit} light=${light} />
        <div class="more">
          ${problem && html`<${Trouble} problem=${problem} again=${more} />`}
          ${next ? html`<button type="button" disabled=${waiting} onClick=${more}>
            ${waiting ? "Loading…" : "Show older traces"}</button>`
            : html`<p class="faint">These are all${query ? " that match" : " that are kept"}.</p>`}
        </div>
      </div>`}`;
}

/** The pages of one query laid end to end. What arrives meanwhile is counted, and shown when asked for. */
function useList(source, first) {
  const [state, set] = useState({ source: null, traces: [], next: "", waiting: false, problem: null });
  const [news, hold] = useState(null);
  const current = useRef(source);
  current.current = source;
  useEffect(() => {
    if (!first.data || first.path !== source) return;
    set({ source, traces: first.data.traces, next: first.data.next, waiting: false, problem: null });
    hold(null);
  }, [first.data]);
  const mine = (change) => current.current === source && change();
  const more = () => {
    set((old) => ({ ...old, waiting: true, problem: null }));
    ask(`${source}&before=${encodeURIComponent(state.next)}`).then(
      (page) => mine(() => set((old) => (
        { ...old, traces: merge(old.traces, page.traces), next: page.next, waiting: false }))),
      (problem) => mine(() => set((old) => ({ ...old, waiting: false, problem }))),
    );
  };
  useNews(() => {
    if (document.hidden || current.current !== state.source) return;
    // When it cannot be renewed, the footer and the mark of the live connection say so.
    ask(source).then((page) => mine(() => take(page, state.traces, set, hold)), () => {});
  }, REFRESH_MS);
  const known = useMemo(() => new Set(state.traces.map((trace) => trace.id)), [state.traces]);
  const fresh = news ? news.traces.filter((trace) => !known.has(trace.id)).length : 0;
  const show = () => {
    const overlap = news.traces.some((trace) => known.has(trace.id));
    set((old) => (overlap
      ? { ...old, traces: merge(news.traces, old.traces) }
      : { ...old, traces: news.traces, next: news.next }));
    hold(null);
  };
  const traces = state.source === null && first.data ? first.data.traces : state.traces;
  return { ...state, traces, more, fresh, show };
}

/** Traces that are shown and have grown are renewed where they stand; an empty list takes what has come. */
function take(page, shown, set, hold) {
  if (!shown.length) {
    set((old) => ({ ...old, traces: page.traces, next: page.next }));
    return;
  }
  const renewed = new Map(page.traces.map((trace) => [trace.id, trace]));
  set((old) => ({ ...old, traces: old.traces.map((trace) => renewed.get(trace.id) ?? trace) }));
  hold(page);
}

function merge(one, other) {
  const known = new Set(one.map((trace) => trace.id));
  return [...one, ...other.filter((trace) => !known.has(trace.id))];
}

function Nothing({ stored, query }) {
  if (stored > 0 && query) {
    return html`<${Empty} title="No trace fits these filters"><p>${many(stored, "trace")} are stored. <a
      href="/traces">Show them all</a></p><//>`;
  }
  return html`<${Empty} title="No traces yet">
    <p>They appear as requests are made.
      A process sends its traces here when <code>OTEL_EXPORTER_OTLP_ENDPOINT</code> is <code>${location.origin}</code>
      and it observes with <code>observability.observer</code>.</p>
  <//>`;
}
