import { brief, rates } from "../format.js";
import { services } from "../live.js";
import { useRowKeys } from "../keys.js";
import { Empty, Notice, Waiting } from "../parts/notice.js";
import { ServiceCard } from "../parts/service-card.js";
import { Totals } from "../parts/totals.js";
import { address, go, usePage, usePlace } from "../router.js";
import { html } from "../ui.js";

/** All services with their health; each unfolds to its instances. Which are unfolded stands in the address. */
export function ServicesPage() {
  const told = services.use();
  const { path, query } = usePlace();
  const open = new Set(new URLSearchParams(query).getAll("open"));
  usePage("Services", told !== null);
  useRowKeys();
  if (!told) return html`<h1 class="page-title">Services</h1><${Waiting} />`;

  const names = told.services.map((service) => service.name);
  const show = (wanted) => {
    const values = new URLSearchParams(query);
    values.delete("open");
    wanted.forEach((name) => values.append("open", name));
    go(address(path, values), { replace: true });
  };
  const toggle = (name) => show(open.has(name) ? [...open].filter((one) => one !== name) : [...open, name]);
  const all = names.every((name) => open.has(name));
  const rate = rates(told.services.map((service) => service.load?.rate ?? 0));
  return html`
    <div class="page-head">
      <h1>Services</h1>
      ${names.length > 0 && html`<button type="button" onClick=${() => show(all ? [] : names)}>
        ${all ? "Fold all" : "Unfold all"}</button>`}
    </div>
    <${RegistryNotice} registry=${told.registry} />
    ${names.length === 0
      ? html`<${Nobody} reachable=${told.registry.reachable} />`
      : html`<${Totals} told=${told} rate=${rate} />
        <ul class="services">${told.services.map((service) => html`
          <${ServiceCard} key=${service.name} service=${service} at=${told.at} rate=${rate}
            open=${open.has(service.name)} toggle=${toggle} />`)}
        </ul>`}`;
}

/** What it means when Consul is away. */
export function RegistryNotice({ registry }) {
  if (registry.reachable) return null;
  return html`<${Notice} kind="warn" title="Consul cannot be reached">
    <p>Everybody goes on with the last view of each service that they had;
      new and lost instances are not noticed until it is back.</p>
    <p class="mono"><bdi>${brief(registry.problem, 600)}</bdi></p>
  <//>`;
}

function Nobody({ reachable }) {
  return html`<${Empty} title=${reachable ? "No services yet" : "No services are known"}>
    <p>${reachable
      ? "A service appears here within a second of its registration in Consul."
      : "They appear as soon as Consul answers."}</p>
  <//>`;
}
