import { colour } from "../colours.js";
import { duration } from "../format.js";
import { html, useMemo, useRef, useState } from "../ui.js";

const WIDE = 1000;
const HIGH = 56;
// A shorter drag is a click by an unsteady hand.
const LEAST_DRAG = 0.008;

/** One path for each service and one for failures, however many spans there are. */
function paths(tree) {
  const found = new Map();
  const gap = (HIGH - 8) / tree.spans.length;
  tree.spans.forEach((span, line) => {
    const left = ((span.offset_ms - tree.from) / (tree.to - tree.from)) * WIDE;
    const long = Math.max(1.5, (span.duration_ms / (tree.to - tree.from)) * WIDE);
    const ink = span.failed ? "var(--bad-fill)" : colour(span.service);
    const top = 4 + gap * (line + 0.5);
    found.set(ink, `${found.get(ink) ?? ""}M${left.toFixed(1)} ${top.toFixed(1)}h${long.toFixed(1)}`);
  });
  return { strokes: [...found], thick: Math.min(3.5, Math.max(1, gap * 0.7)) };
}

/** The whole trace in small. Dragging across it looks at that part alone. */
export function Minimap({ tree, view, look }) {
  const element = useRef();
  const [drag, setDrag] = useState(null);
  const { strokes, thick } = useMemo(() => paths(tree), [tree]);
  const share = (event) => {
    const box = element.current.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const time = (part) => tree.from + part * (tree.to - tree.from);
  const begin = (event) => {
    element.current.setPointerCapture(event.pointerId);
    setDrag([share(event), share(event)]);
  };
  const end = () => {
    const [from, to] = [Math.min(...drag), Math.max(...drag)];
    setDrag(null);
    if (to - from > LEAST_DRAG) look({ from: time(from), to: time(to) });
  };
  const part = (value) => (value - tree.from) / (tree.to - tree.from);
  const [left, right] = drag ? [Math.min(...drag), Math.max(...drag)] : [part(view.from), part(view.to)];
  return html`<div class="minimap" ref=${element} aria-hidden="true" title="Drag to look at a part"
    onPointerDown=${begin} onPointerMove=${(event) => drag && setDrag([drag[0], share(event)])}
      onPointerUp=${() => drag && end()}
    onPointerCancel=${() => setDrag(null)} onDblClick=${() => look(null)}>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none">
      ${strokes.map(([ink, path]) => html`<path d=${path} style=${{ stroke: ink, strokeWidth: thick }} />`)}
    </svg>
    <i class="veil" style=${{ left: 0, width: `${left * 100}%` }}></i>
    <i class="veil" style=${{ right: 0, width: `${(1 - right) * 100}%` }}></i>
    <span class="num" data-side="start">${duration(tree.from)}</span>
    <span class="num" data-side="end">${duration(tree.to)}</span>
  </div>`;
}
