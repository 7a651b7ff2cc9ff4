import { brief } from "../format.js";
import { address, go } from "../router.js";
import { html, useRef } from "../ui.js";
import { Field } from "./field.js";

const WINDOWS = [
  ["5", "last 5 minutes"],
  ["15", "last 15 minutes"],
  ["60", "last hour"],
  ["360", "last 6 hours"],
  ["1440", "last day"],
  ["", "all that is kept"],
];

/** The filters of the list of traces. Their state is the address, so a filtered list can be sent to somebody. */
export function Filters({ query, services, routes }) {
  const form = useRef();
  const values = new URLSearchParams(query);
  const apply = () => {
    const typed = ([name, value]) => [name, name === "q" || name === "min_ms" ? value.trim() : value];
    const next = Object.fromEntries([...new FormData(form.current)].map(typed));
    const wanted = address("/traces", location.search, { errors: "", retries: "", ...next });
    if (wanted !== location.pathname + location.search) go(wanted, { replace: true });
  };
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const text = (name) => values.get(name) ?? "";
  return html`<form class="filters" ref=${form} role="search" aria-label="Filter traces" onSubmit=${submit}>
    <label class="wide">Text<${Field} type="search" name="q" data-filter maxlength="200" value=${text("q")}
      placeholder="name, attribute or id   ( / )" settle=${apply} /></label>
    <${Choice} label="Service" name="service" chosen=${text("service")} all="any service" options=${services}
      apply=${apply} />
    <${Choice} label="Route" name="route" chosen=${text("route")} all="any route" options=${routes} apply=${apply} />
    <label class="narrow">At least, ms<${Field} type="number" name="min_ms" min="0" step="any" inputmode="decimal"
      placeholder="0" value=${text("min_ms")} settle=${apply} /></label>
    <label>Time<select name="minutes" onChange=${apply}>
      ${WINDOWS.map(([minutes, name]) => html`
        <option value=${minutes} selected=${text("minutes") === minutes}>${name}</option>`)}
    </select></label>
    <label class="check"><input type="checkbox" name="errors" value="1" checked=${text("errors") === "1"}
      onChange=${apply} />${" Errors only"}</label>
    <label class="check"><input type="checkbox" name="retries" value="1" checked=${text("retries") === "1"}
      onChange=${apply} />${" Retries only"}</label>
    ${query && html`<button type="button" class="link" onClick=${() => go("/traces")}>Clear</button>`}
    <button class="unseen" tabindex="-1">Apply</button>
  </form>`;
}

function Choice({ label, name, chosen, all, options, apply }) {
  // What is chosen stays in the list even when nothing of it is stored any more.
  const shown = chosen && !options.includes(chosen) ? [chosen, ...options] : options;
  return html`<label>${label}<select name=${name} onChange=${apply}>
    <option value="">${all}</option>
    ${shown.map((option) => html`<option value=${option} selected=${option === chosen}>${brief(option, 60)}</option>`)}
  </select></label>`;
}
