import { brief, duration } from "../format.js";
import { attempts, pause, refusal, result } from "../trace-model.js";
import { html } from "../ui.js";
import { Icon } from "./icon.js";
import { ServiceName } from "./service-name.js";

const MOST = 4;

/** The calls of a trace that did not go straight: each attempt, what it came to, and who answered in the end. */
export function Story({ tree }) {
  const told = [];
  tree.spans.forEach((span, at) => {
    if (span.role === "call" && (span.attempts > 1 || span.failed)) told.push(at);
  });
  if (!told.length) return null;
  return html`<section class="card story" aria-label="Calls that did not go straight">
    <ul>${told.slice(0, MOST).map((at) => html`<${Tale} tree=${tree} at=${at} />`)}</ul>
    ${told.length > MOST && html`<p class="faint pad">and ${told.length - MOST} more such calls below</p>`}
  </section>`;
}

function Tale({ tree, at }) {
  const call = tree.spans[at];
  const tried = attempts(tree, at);
  return html`<li>
    <a class="tale-call" href=${`#${call.id}`}><${ServiceName} name=${call.service}
      text=${call.instance || call.service} /> <bdi class="strong">${brief(call.name, 60)}</bdi></a>
    <span class="steps">${tried.map((attempt) => html`<${Step} tree=${tree} at=${attempt} />`)}
      ${!tried.length && html`<span class="chip" data-kind="bad">
        ${brief(result(call), 40) || "failed"}, nothing was sent</span>`}
      ${call.failed && tried.length > 0 && html`<span class="bad">the call failed</span>`}</span>
  </li>`;
}

function Step({ tree, at }) {
  const span = tree.spans[at];
  const wait = pause(tree, at);
  const why = refusal(tree, at);
  return html`
    ${span.attempt > 1 && html`<span class="held num faint">${wait ? duration(wait.to - wait.from) : ""}<i
      aria-hidden="true"></i><span class="unseen">later</span></span>`}
    <a class="step" data-failed=${span.failed || undefined} data-final=${span.final || undefined} href=${`#${span.id}`}>
      <${Icon} name=${span.failed ? "cross" : "tick"} size="14" />
      <bdi class="strong">${brief(span.target || "nobody", 40)}</bdi>
      <span class="num">${brief(result(span), 40)}${why && span.outcome === "nacked" ? `: ${brief(why, 30)}` : ""}
        </span>
    </a>`;
}
