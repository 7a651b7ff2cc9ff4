import { useData } from "../api.js";
import { useNow } from "../clock.js";
import { ago, age, brief, bytes, count, many } from "../format.js";
import { useNews } from "../live.js";
import { html, useEffect, useRef } from "../ui.js";
import { Icon } from "./icon.js";

const sum = (counts) => Object.values(counts).reduce((total, value) => total + value, 0);

const REFRESH_MS = 10_000;

/** What the console keeps, for how long, and what it refused: of that, some may have come again and been stored. */
export function Footer() {
  const { data, again } = useData("/data/status");
  const now = useNow(REFRESH_MS);
  const began = useRef(now).current;
  useNews(again, REFRESH_MS);
  useEffect(() => {
    if (now !== began && !document.hidden) again();
  }, [now]);
  return html`<footer class="bottom">${data && html`<${Kept} status=${data} now=${now} />`}</footer>`;
}

function Kept({ status, now }) {
  const { stored, keep } = status;
  const refused = sum(status.dropped);
  const which = Object.entries(status.dropped)
    .filter(([, items]) => items)
    .map(([kind, items]) => `${count(items)} of ${kind}`);
  const oldest = status.oldest_ms ? `, oldest ${ago((now - status.oldest_ms) / 1000)}` : "";
  return html`
    <span>${many(stored.traces, "trace")}, ${many(stored.spans, "span")}, ${many(stored.logs, "log line")} stored</span>
    <span>${bytes(status.bytes)} of ${bytes(keep.bytes)}</span>
    <span>kept for ${age(keep.hours * 3600)}${oldest}</span>
    ${refused > 0 && html`<span class="warn strong" title=${which.join(", ")}><${Icon} name="warning"
      size="14" /> ${count(refused)} refused; whoever sent them may have tried again</span>`}
    ${status.trouble && html`<span class="bad strong"><${Icon} name="warning" size="14" /> <bdi>
      ${brief(status.trouble, 300)}</bdi></span>`}`;
}
