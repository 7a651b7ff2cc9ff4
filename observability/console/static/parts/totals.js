import { duration, many, percent } from "../format.js";
import { html } from "../ui.js";
import { state } from "./health.js";

/** The system in one line of numbers. */
export function Totals({ told, rate }) {
  const instances = told.services.flatMap((service) => service.instances);
  const passing = instances.filter((one) => state(one) === "passing").length;
  const loads = told.services.map((service) => service.load).filter(Boolean);
  const total = loads.reduce((sum, load) => sum + load.rate, 0);
  const failed = loads.reduce((sum, load) => sum + load.rate * load.errors, 0);
  const slowest = loads.reduce((most, load) => Math.max(most, load.p95_ms), 0);
  return html`<dl class="totals">
    <${Total} name="Services" figure=${told.services.length} note=${many(instances.length, "instance")} />
    <${Total} name="Passing" figure=${`${passing}/${instances.length}`}
      note=${passing === instances.length ? "everybody is well" : `${instances.length - passing} not`}
      kind=${passing === instances.length ? "" : "bad"} />
    <${Total} name="Requests" figure=${loads.length ? rate(total) : "–"} note="all services, last minute" />
    <${Total} name="Errors" figure=${loads.length ? percent(total ? failed / total : 0) : "–"}
      note="of those requests" kind=${failed ? "bad" : ""} />
    <${Total} name="Slowest p95" figure=${loads.length ? duration(slowest) : "–"} note="of any service" />
  </dl>`;
}

function Total({ name, figure, note, kind = "" }) {
  return html`<div><dt>${name}</dt><dd class=${`figure num ${kind}`}>${figure}</dd><dd class="note">${note}</dd></div>`;
}
