import { brief, plain } from "../format.js";
import { html } from "../ui.js";
import { Health, state } from "./health.js";
import { Load } from "./load.js";

// A check's output beyond this is folded.
const LONG = 160;

/** The instances of a service: where they are, how they are and why, and what they carry. */
export function Instances({ instances, rate }) {
  if (!instances.length) {
    return html`<p class="soft pad">Nobody is registered under this name. Calls to it fail until somebody is.</p>`;
  }
  return html`<ul class="instances">${instances.map((one) => html`
    <${Instance} key=${one.id} one=${one} rate=${rate} />`)}</ul>`;
}

function Instance({ one, rate }) {
  return html`<li class="instance" data-health=${state(one)}>
    <div class="instance-row">
      <div class="instance-name">
        <span class="strong cut" title=${brief(one.id, 400)}><bdi>${brief(one.id)}</bdi></span>
        <${Health} health=${state(one)} />
      </div>
      <span class="mono soft cut" title=${brief(one.address, 400)}><bdi>${brief(one.address)}</bdi></span>
      <dl class="facts">
        <${Fact} name="Version" text=${one.version || "–"} />
        <${Fact} name="Node" text=${one.node || "–"} />
        <${Fact} name="Weight" text=${String(one.weight)} />
      </dl>
      <${Load} load=${one.load} rate=${rate} />
    </div>
    ${one.checks.length > 0 && html`<${Checks} checks=${one.checks} open=${one.health !== "passing"} />`}
  </li>`;
}

function Fact({ name, text }) {
  return html`<div><dt>${name}</dt><dd class="cut" title=${brief(text, 400)}><bdi>${brief(text)}</bdi></dd></div>`;
}

function Checks({ checks, open }) {
  return html`<details class="checks" open=${open}>
    <summary>${checks.length === 1 ? "1 check" : `${checks.length} checks`}</summary>
    <ul>${checks.map((check) => html`<li>
      <p><${Health} health=${check.status} /> <bdi class="cut" title=${brief(check.name, 400)}>
        ${brief(check.name, 200)}</bdi></p>
      <${Output} text=${check.output} />
    </li>`)}</ul>
  </details>`;
}

/** What a check said. Long output shows its first lines until somebody wants it all. */
function Output({ text }) {
  const shown = plain(text).trim();
  if (!shown) return null;
  if (shown.length <= LONG && shown.split("\n").length <= 3) return html`<pre class="output raw">${shown}</pre>`;
  return html`<details class="output-more">
    <summary><pre class="output raw">${`${shown.slice(0, LONG).trimEnd()}…`}</pre><span class="more">show all</span>
      </summary>
    <pre class="output raw">${shown}</pre>
  </details>`;
}
