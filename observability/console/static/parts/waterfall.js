import { duration } from "../format.js";
import { ticks } from "../scale.js";
import { html, useEffect, useMemo } from "../ui.js";
import { Row } from "./row.js";
import { useWidth } from "./size.js";
import { useMedia, useWindow } from "./window.js";

// The same as in rows.css.
const HEIGHT = 30;
const NARROW_HEIGHT = 52;
// What the page's head and the ruler cover.
const COVERED = 96;
// What is left free by the details where they cover the lower part of the screen, see details.css.
const FREE = 0.38;
// What a time on the ruler takes, in px.
const WORD = 52;

/** The spans of a trace as a tree against time. Only the rows near the screen exist. */
export function Waterfall({ tree, drawn, hits, folded, view, active, chosen, choose, fold, label }) {
  const narrow = useMedia("(max-width: 760px)");
  const height = narrow ? NARROW_HEIGHT : HEIGHT;
  const sheet = useMedia("(max-width: 1100px)") && chosen >= 0;
  const [element, [first, last]] = useWindow(drawn.length, height);
  const [times, wide] = useWidth(700);
  const marks = ticks(view.from, view.to, Math.max(2, Math.min(6, wide / 90)));
  const positions = useMemo(() => siblings(tree, drawn), [tree, drawn]);
  const activeLine = drawn.indexOf(active);
  useEffect(() => {
    if (activeLine >= 0) reveal(element.current, activeLine * height, height, innerHeight * (sheet ? FREE : 1));
  }, [active, height, sheet]);
  const shown = drawn.slice(first, last).map((at, line) => [at, first + line]);
  // The active row is always there, since the tree's focus names it.
  if (activeLine >= 0 && (activeLine < first || activeLine >= last)) shown.push([active, activeLine]);
  return html`<div class="waterfall">
    <${Ruler} times=${times} wide=${wide} marks=${marks} view=${view} />
    <div class="rows" ref=${element} role="tree" tabindex="0" data-tree aria-label=${label}
      style=${{ height: `${drawn.length * height}px` }}
      aria-activedescendant=${activeLine >= 0 ? `row-${tree.spans[active].id}` : undefined}>
      <div class="lines" role="none">${marks.map((value) => html`<i role="none" style=${{ left: share(value, view) }}>
        </i>`)}</div>
      ${shown.map(([at, line]) => {
        const span = tree.spans[at];
        return html`<${Row} key=${span.id} tree=${tree} at=${at} view=${view} wide=${wide} top=${line * height}
          folded=${folded.has(span.id) && !hits}
          chosen=${chosen === at} active=${active === at} dim=${hits && !hits.has(at)}
            position=${positions.get(at)} choose=${choose} fold=${fold} />`;
      })}
      ${drawn.length === 0 && html`<div role="none" class="no-rows soft">No span has these words.</div>`}
    </div>
  </div>`;
}

/** Where each drawn row stands among those with the same parent. */
function siblings(tree, drawn) {
  const groups = new Map();
  for (const at of drawn) {
    const parent = tree.parents[at];
    if (!groups.has(parent)) groups.set(parent, []);
    groups.get(parent).push(at);
  }
  const found = new Map();
  for (const group of groups.values()) group.forEach((at, place) => found.set(at, { at: place + 1, of: group.length }));
  return found;
}

/** Scroll as little as needed for a row to be in sight. */
function reveal(rows, top, height, bottom) {
  const at = rows.getBoundingClientRect().top + top;
  if (at < COVERED) scrollBy({ top: at - COVERED - 60 });
  else if (at + height > bottom - 20) scrollBy({ top: Math.min(at + height - bottom + 80, at - COVERED) });
}

const share = (value, view) => `${((value - view.from) / (view.to - view.from)) * 100}%`;

/** The time along the top; its lines go on through all rows. */
function Ruler({ times, wide, marks, view }) {
  // What began at the very end would stand beyond it.
  const written = marks.filter((value) => (wide * (view.to - value)) / (view.to - view.from) > WORD);
  return html`<div class="ruler" aria-hidden="true">
    <span class="soft">Span</span>
    <div class="times" ref=${times}>${written.map((value) => html`<span class="num"
      style=${{ left: share(value, view) }}>${duration(value)}</span>`)}</div>
  </div>`;
}
