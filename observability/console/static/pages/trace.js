import { useData } from "../api.js";
import { brief, many } from "../format.js";
import { useNews } from "../live.js";
import { Logs } from "../parts/logs.js";
import { Empty, Notice, Trouble, Waiting } from "../parts/notice.js";
import { Story } from "../parts/story.js";
import { TraceHead } from "../parts/trace-head.js";
import { TraceTabs } from "../parts/trace-tabs.js";
import { TraceView } from "../parts/trace-view.js";
import { usePage, usePlace } from "../router.js";
import { model } from "../trace-model.js";
import { html, useMemo } from "../ui.js";

// A batch of spans waits up to 5 s in its process, and a trace may last; after this it will hardly grow.
const GROWS_MS = 60_000;
const REFRESH_MS = 2000;

/** One trace: what happened, when and where, and the logs of all who took part. */
export function TracePage({ name: id }) {
  const { query } = usePlace();
  const { data, problem, fresh, again } = useData(`/data/traces/${encodeURIComponent(id.toLowerCase())}`);
  const tree = useMemo(() => (data ? model(data) : null), [data]);
  useNews(() => {
    if (!data || Date.now() - data.start_ms < GROWS_MS) again();
  }, REFRESH_MS);
  usePage(tree?.spans.length ? `${brief(tree.spans[0].name, 60)}, trace` : "Trace", fresh);
  if (!data) return problem ? html`<${Absent} id=${id} problem=${problem} again=${again} />` : html`<${Waiting} />`;
  if (!tree.spans.length) return html`<${Absent} id=${id} problem=${{ status: 404 }} again=${again} />`;
  const tab = new URLSearchParams(query).get("tab") === "logs" ? "logs" : "waterfall";
  return html`
    ${problem && html`<${Trouble} problem=${problem} again=${again} />`}
    <${TraceHead} tree=${tree} />
    ${data.truncated && html`<${Notice} kind="info" title="This trace is longer than what is shown">
      <p>The first ${many(data.spans.length, "span")} and ${many(data.logs.length, "line")} of log are here.</p><//>`}
    <${Story} tree=${tree} />
    <${TraceTabs} tab=${tab} logs=${data.logs.length} />
    <div role="tabpanel" id="panel" aria-labelledby=${`tab-${tab}`}>
      ${tab === "logs" ? html`<${Logs} trace=${data} />` : html`<${TraceView} tree=${tree} />`}
    </div>`;
}

function Absent({ id, problem, again }) {
  if (problem.status !== 404) return html`<${Trouble} problem=${problem} again=${again} />`;
  return html`<${Empty} title="This trace is not here" level="1">
    <p>Nothing with the id <code>${brief(id, 40)}</code> is stored.
      It may be on its way, and then appears by itself within seconds; or it was not sampled, or is kept no more.</p>
    <p><a href="/traces">All traces</a></p>
  <//>`;
}
