import { colour } from "../colours.js";
import { brief, duration, many, plain } from "../format.js";
import { refusal, result, sentence, title } from "../trace-model.js";
import { html } from "../ui.js";
import { Bars } from "./bars.js";
import { Icon } from "./icon.js";

// Deeper lines stay where these are, or nothing of their text would be left.
const MOST_STEPS = 18;

/** One line of the waterfall: what it is on the left, when it was on the right. */
export function Row({ tree, at, view, wide, top, folded, chosen, active, dim, position, choose, fold }) {
  const span = tree.spans[at];
  const branch = tree.children[at].length > 0;
  return html`<div class="row" role="treeitem" id=${`row-${span.id}`}
    style=${{ top: `${top}px`, "--service": colour(span.service) }}
    aria-label=${brief(sentence(span, duration), 300)}
    aria-level=${span.depth + 1} aria-setsize=${position.of} aria-posinset=${position.at}
    aria-expanded=${branch ? String(!folded) : undefined} aria-selected=${chosen ? "true" : "false"}
    data-active=${active || undefined} data-dim=${dim || undefined} data-role=${span.role}
      data-failed=${span.failed || undefined}
    onClick=${() => choose(at)}>
    <div class="what" style=${{ "--steps": Math.min(span.depth, MOST_STEPS) }}>
      <span class="twig" data-branch=${branch || undefined}
        onClick=${(event) => branch && (event.stopPropagation(), fold(at))}>
        ${branch && html`<${Icon} name=${folded ? "right" : "down"} size="14" />`}
      </span>
      <i class="tab" aria-hidden="true"></i>
      <${What} tree=${tree} at=${at} />
    </div>
    <${Bars} tree=${tree} at=${at} view=${view} wide=${wide} />
  </div>`;
}

function What({ tree, at }) {
  const span = tree.spans[at];
  return html`
    ${span.role === "request" && html`<bdi class="who cut" title=${brief(span.instance || span.service, 400)}>
      ${brief(span.service, 40)}</bdi>`}
    <bdi class="title cut" title=${brief(title(span), 400)}>${brief(title(span), 120)}</bdi>
    <${Badges} tree=${tree} at=${at} />`;
}

/** What is to be seen at a glance: repeats, refusals, and what is odd about the span. */
function Badges({ tree, at }) {
  const span = tree.spans[at];
  const shift = `clock ${span.skew_ms > 0 ? "+" : "−"}${duration(Math.abs(span.skew_ms))}`;
  return html`
    ${span.attempts > 1 && html`<span class="chip firm" data-kind="warn">${many(span.attempts, "attempt")}</span>`}
    ${span.role === "attempt" ? html`<${Verdict} tree=${tree} at=${at} />`
      : html`<${Status} span=${span} />
        ${span.nack && html`<span class="chip" data-kind="warn"
          title="It was not processed, so it may be sent elsewhere">refused: ${brief(span.nack, 24)}</span>`}`}
    ${span.orphan && html`<span class="chip firm" title="Its parent has not come, or is kept no more">orphan</span>`}
    ${span.skew_ms !== 0 && html`<span class="chip firm"
      title="The clock of its process differs: its times are shifted to fit into its parent">${shift}</span>`}`;
}

function Status({ span }) {
  const text = result(span);
  if (!text) return null;
  return span.failed ? html`<span class="chip" data-kind="bad"><${Icon} name="cross" size="12" />${brief(text, 32)}
    </span>` : html`<span class="num faint">${brief(text, 32)}</span>`;
}

/** What an attempt came to, and whether its answer is the one that the caller got. */
function Verdict({ tree, at }) {
  const span = tree.spans[at];
  const repeated = tree.parents[at] >= 0 && tree.spans[tree.parents[at]].attempts > 1;
  const why = refusal(tree, at);
  const text = brief(result(span), 32);
  if (span.failed) {
    return html`<span class="chip" data-kind="bad" title=${why ? `refused: ${plain(why)}` : undefined}><${Icon}
      name="cross" size="12" />${text}</span>
      ${span.final && repeated && html`<span class="chip firm"
        title="The caller got this answer, since no attempt was better">the answer</span>`}`;
  }
  if (!repeated) return html`<span class="num faint">${text}</span>`;
  return span.final
    ? html`<span class="chip" data-kind="good" title="The caller got this answer"><${Icon} name="tick" size="12" />
      ${text} · chosen</span>`
    : html`<span class="chip">${text}</span>`;
}
