import { useData } from "../api.js";
import { brief, rates } from "../format.js";
import { services, useNews } from "../live.js";
import { Health, summary } from "../parts/health.js";
import { Instances } from "../parts/instances.js";
import { Load } from "../parts/load.js";
import { Metrics } from "../parts/metrics.js";
import { Empty, Notice, Trouble, Waiting } from "../parts/notice.js";
import { ViewAge } from "../parts/service-card.js";
import { ServiceName } from "../parts/service-name.js";
import { address, usePage } from "../router.js";
import { html } from "../ui.js";
import { RegistryNotice } from "./services.js";

const REFRESH_MS = 15_000;

/** One service alone: its instances, and its metrics of the last 15 minutes. */
export function ServicePage({ name }) {
  const told = services.use();
  const metrics = useData(address("/data/metrics", "", { service: name }));
  useNews(metrics.again, REFRESH_MS);
  usePage(brief(name, 60), told !== null && metrics.fresh);
  const service = told?.services.find((one) => one.name === name);
  return html`
    <p class="crumbs"><a href="/">Services</a></p>
    <div class="page-head">
      <h1><${ServiceName} name=${name} /></h1>
      <a class="button" href=${address("/traces", "", { service: name })}>Traces through it</a>
    </div>
    ${told ? html`<${RegistryNotice} registry=${told.registry} /><${Found} service=${service} told=${told}
      name=${name} />` : html`<${Waiting} rows=${3} />`}
    <h2 class="section-title">Metrics</h2>
    ${metrics.problem && html`<${Trouble} problem=${metrics.problem} again=${metrics.again} />`}
    ${metrics.data ? html`<${Metrics} series=${metrics.data.series} />` : !metrics.problem && html`<${Waiting}
      rows=${2} />`}`;
}

function Found({ service, told, name }) {
  if (!service) {
    return html`<div class="card"><${Empty} title="Not in the registry">
      <p>Nobody is registered as <bdi class="mono">${brief(name, 80)}
        </bdi> now. What it did while it was is still in its traces.</p>
    <//></div>`;
  }
  const { health, text } = summary(service.instances);
  const rate = rates([service.load?.rate ?? 0]);
  return html`
    ${service.problem && html`<${Notice} kind="warn" title="Its view is not being renewed"><p><bdi>
      ${brief(service.problem, 600)}</bdi></p><//>`}
    <section class="card" aria-label="Instances">
      <div class="service-row alone">
        <${Health} health=${health}>${text}<//>
        <${Load} load=${service.load} rate=${rate} />
        <${ViewAge} service=${service} at=${told.at} />
      </div>
      <${Instances} instances=${service.instances} rate=${rate} />
    </section>`;
}
