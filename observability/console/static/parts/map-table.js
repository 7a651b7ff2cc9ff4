import { brief, count, duration, percent } from "../format.js";
import { edgeKey } from "../map-layout.js";
import { address } from "../router.js";
import { html } from "../ui.js";
import { ServiceName, servicePath } from "./service-name.js";

/** The same as the map in rows. */
export function MapTable({ map, rate }) {
  return html`
    <h2 class="section-title" id="calls">Calls</h2>
    <div class="card sideways"><table class="plain-table" aria-labelledby="calls">
      <thead><tr><th scope="col">From</th><th scope="col">To</th>
        ${["Rate", "Errors", "p95", "Calls", "Retries"].map((name) => html`<th scope="col" class="right">${name}
        </th>`)}<th scope="col"><span class="unseen">Traces</span></th></tr></thead>
      <tbody>${map.edges.map((edge) => html`<tr key=${edgeKey(edge)}>
        <td><a href=${servicePath(edge.from)}><${ServiceName} name=${edge.from} /></a></td>
        <td><a href=${servicePath(edge.to)}><${ServiceName} name=${edge.to} /></a></td>
        <td class="num right">${rate(edge.rate)}</td>
        <td class=${`num right ${edge.errors ? "bad strong" : ""}`}>${percent(edge.errors)}</td>
        <td class="num right">${duration(edge.p95_ms)}</td>
        <td class="num right">${count(edge.calls)}</td>
        <td class=${`num right ${edge.retries ? "warn strong" : ""}`}>${count(edge.retries)}</td>
        <td class="right"><a href=${address("/traces", "", { service: edge.to })}
          aria-label=${`Traces through ${brief(edge.to)}`}>traces</a></td>
      </tr>`)}</tbody>
    </table></div>`;
}
