import { useData } from "../api.js";
import { rates } from "../format.js";
import { services, useNews } from "../live.js";
import { MapTable } from "../parts/map-table.js";
import { MapView } from "../parts/map-view.js";
import { Empty, Trouble, Waiting } from "../parts/notice.js";
import { address, usePage, usePlace } from "../router.js";
import { html, useEffect } from "../ui.js";
import { RegistryNotice } from "./services.js";

const WINDOWS = ["5", "15", "60"];
const REFRESH_MS = 2000;

/** Who calls whom, from the traces of the last minutes, with the health that the registry knows. */
export function MapPage() {
  const { query } = usePlace();
  const asked = new URLSearchParams(query).get("minutes");
  const minutes = WINDOWS.includes(asked) ? asked : "15";
  const { data, problem, fresh, again } = useData(`/data/map?minutes=${minutes}`);
  const told = services.use();
  useNews(again, REFRESH_MS);
  useEffect(() => {
    // Health may change without any request.
    if (told && data) again();
  }, [told && JSON.stringify(told.services.map((one) => one.instances.map((each) => each.health)))]);
  usePage("Map", fresh);
  const rate = data && rates([...data.nodes, ...data.edges].map((one) => one.rate));
  return html`
    <div class="page-head">
      <h1>Map</h1>
      <nav class="choices" aria-label="Time">${WINDOWS.map((choice) => html`
        <a href=${address("/map", query, { minutes: choice })} aria-current=${choice === minutes ? "true" : undefined}>
          ${choice}<span class="narrow-off"> min</span></a>`)}</nav>
    </div>
    ${told && html`<${RegistryNotice} registry=${told.registry} />`}
    ${problem && html`<${Trouble} problem=${problem} again=${again} />`}
    ${!data ? !problem && html`<${Waiting} rows=${4} />` : data.nodes.length === 0
      ? html`<${Empty} title="Nothing to draw yet">
        <p>Services appear as they register, and the lines between them as they call each other.</p><//>`
      : html`<${MapView} map=${data} rate=${rate} />
        <p class="key faint map-key"><span>arrow: from the caller to the called, as wide as its rate</span>
          <span>red: share of errors</span><span>dashed: with retries (↻)</span><span>ring: instances that pass</span>
          </p>
        ${data.edges.length > 0 ? html`<${MapTable} map=${data} rate=${rate} />` : html`<p
          class="soft pad">Nobody called anybody in the last ${minutes} minutes.</p>`}`}`;
}
