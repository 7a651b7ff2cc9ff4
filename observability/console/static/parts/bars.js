import { colour } from "../colours.js";
import { brief, duration, plain } from "../format.js";
import { attempts, pause } from "../trace-model.js";
import { html } from "../ui.js";

// About what a letter of a caption takes, in px.
const LETTER = 6.6;

const percentage = (share) => `${(share * 100).toFixed(3)}%`;

/** Where a stretch of time stands in the part of the trace that is looked at. */
function place(view, from, to) {
  const length = view.to - view.from;
  const left = Math.max(0, (from - view.from) / length);
  const right = Math.min(1, (to - view.from) / length);
  const style = { left: percentage(left), width: percentage(Math.max(0, right - left)) };
  return { left, right, style, gone: right < 0 || left > 1 };
}

/** A span's bar, with all that happened along it. */
export function Bars({ tree, at, view, wide }) {
  const span = tree.spans[at];
  const own = place(view, span.offset_ms, span.offset_ms + span.duration_ms);
  const wait = pause(tree, at);
  return html`<div class="bars" style=${{ "--service": colour(span.service) }}>
    ${wait && html`<${Wait} view=${view} wait=${wait} />`}
    ${!own.gone && (span.role === "call"
      ? html`<${Call} tree=${tree} at=${at} view=${view} own=${own} />`
      : html`<i class="bar" data-role=${span.role} data-failed=${span.failed || undefined}
        data-final=${span.final || undefined} style=${own.style}></i>`)}
    <${Caption} span=${span} own=${own} wait=${wait} view=${view} wide=${wide} />
    <${Marks} tree=${tree} span=${span} view=${view} />
  </div>`;
}

/** A call is the bracket around its attempts: they and the waits between them are seen even when it is folded. */
function Call({ tree, at, view, own }) {
  const tried = attempts(tree, at);
  return html`<i class="bar" data-role="call" data-failed=${tree.spans[at].failed || undefined} style=${own.style}></i>
    ${tried.length > 1 && tried.map((child) => {
      const span = tree.spans[child];
      const part = place(view, span.offset_ms, span.offset_ms + span.duration_ms);
      const wait = pause(tree, child);
      return html`${wait && html`<${Wait} view=${view} wait=${wait} />`}
        ${!part.gone && html`<i class="piece" data-failed=${span.failed || undefined}
          data-final=${span.final || undefined} style=${part.style}></i>`}`;
    })}`;
}

/** A time in which nothing was sent, since the next attempt was held back. */
function Wait({ view, wait }) {
  const own = place(view, wait.from, wait.to);
  return !own.gone && html`<i class="wait" style=${own.style} title=${`held back for ${duration(wait.to - wait.from)}`}>
    </i>`;
}

/** The duration, beside the bar where there is room, else in it; of a repeat also how long it waited, and why. */
function Caption({ span, own, wait, view, wide }) {
  const begin = wait ? place(view, wait.from, wait.to).left : own.left;
  const held = span.delay_s ? `after ${duration(span.delay_s * 1000)}` : "";
  const why = [held, span.reason ? `because: ${brief(span.reason, 40)}` : ""].filter(Boolean).join(", ");
  const text = duration(span.duration_ms);
  const room = (letters) => (letters * LETTER + 16) / Math.max(wide, 1);
  const full = room(text.length + why.length + 1);
  // The reason is told where it covers nothing; the details have it in any case.
  const told = why && (own.right + full < 1 || begin > full);
  const need = told ? full : room(text.length);
  if (own.gone) return html`<span class="caption num" style=${own.left > 1 ? { right: 0 } : { left: 0 }}>
    ${own.left > 1 ? `${text} →` : `← ${text}`}</span>`;
  const inside = !told && own.right - own.left > need;
  const side = own.right + need < 1 ? "right" : inside ? "inside" : begin > need ? "left" : "over";
  const style = {
    right: { left: percentage(own.right) },
    left: { right: percentage(1 - begin) },
    inside: { right: percentage(1 - own.right) },
    over: { right: 0 },
  }[side];
  return html`<span class="caption num" data-side=${side} data-role=${span.role} style=${style}>
    ${text}${told && html`<span class="why"> ${why}</span>`}
  </span>`;
}

/** Lines of log as diamonds, and events as rings, where they happened. */
function Marks({ tree, span, view }) {
  const logs = tree.logs.get(span.id) ?? [];
  const mark = (when, kind, level, text) => {
    const spot = place(view, when, when);
    return !spot.gone && spot.left <= 1 && html`<i class="mark-at" data-kind=${kind} data-level=${level}
      style=${{ left: percentage(spot.left) }} title=${text}></i>`;
  };
  return html`
    ${span.events.slice(0, 50).map((event) => mark(event.offset_ms, "event", "", `event: ${brief(event.name)}`))}
    ${logs.slice(0, 50).map((log) =>
      mark(log.offset_ms, "log", log.level, `${plain(log.level)}: ${brief(log.text, 200)}`))}`;
}
