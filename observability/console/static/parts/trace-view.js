import { brief, duration } from "../format.js";
import { useKeys } from "../keys.js";
import { address, go, usePlace } from "../router.js";
import { ancestors, lines, matches } from "../trace-model.js";
import { html, useLayoutEffect, useMemo, useState } from "../ui.js";
import { Details } from "./details.js";
import { Minimap } from "./minimap.js";
import { TraceTools } from "./trace-tools.js";
import { Waterfall } from "./waterfall.js";

/** The part of the trace that the address asks for, or all of it. */
function viewOf(tree, query) {
  const [from, to] = (new URLSearchParams(query).get("part") ?? "").split("-").map(Number);
  return from < to && from >= tree.from && to <= tree.to * 1.001 ? { from, to } : { from: tree.from, to: tree.to };
}

const inTree = (event) => !event.target.closest?.("a, button, summary");

/** The waterfall with its tools and details. What is chosen, sought and zoomed to stands in the address. */
export function TraceView({ tree }) {
  const { path, query, hash } = usePlace();
  const [folded, setFolded] = useState(new Set());
  const [active, setActive] = useState(-1);
  const words = new URLSearchParams(query).get("find") ?? "";
  const view = viewOf(tree, query);
  const zoomed = view.from !== tree.from || view.to !== tree.to;
  const chosen = tree.at.get(hash) ?? -1;
  const hits = useMemo(() => matches(tree, words), [tree, words]);
  const drawn = useMemo(() => lines(tree, folded, hits), [tree, folded, hits]);

  const visit = (changes, id = hash) => go(address(path, query, changes) + (id ? `#${id}` : ""), { replace: true });
  const look = (part) => visit({ part: part ? `${part.from.toFixed(3)}-${part.to.toFixed(3)}` : "" });
  // The first choice is a step that Back undoes; from one span to the next is not.
  const choose = (at) => {
    const hashed = at >= 0 ? `#${tree.spans[at].id}` : "";
    go(address(path, query) + hashed, { replace: chosen >= 0 && at >= 0 });
  };
  const zoom = (at) => {
    const span = tree.spans[at];
    const margin = Math.max(span.duration_ms * 0.05, 0.001);
    const end = span.offset_ms + span.duration_ms;
    look({ from: Math.max(tree.from, span.offset_ms - margin), to: Math.min(tree.to, end + margin) });
  };
  const fold = (at, away = !folded.has(tree.spans[at].id)) => {
    const next = new Set(folded);
    if (away) next.add(tree.spans[at].id);
    else next.delete(tree.spans[at].id);
    setFolded(next);
  };
  const foldAll = () => {
    const calls = tree.spans.filter((span, at) => span.role === "call" && tree.children[at].length);
    setFolded(new Set(folded.size ? [] : calls.map((span) => span.id)));
  };
  const move = (at) => {
    setActive(at);
    if (chosen >= 0) choose(at);
  };
  const step = (by) => () => {
    const line = drawn.indexOf(active);
    const next = drawn[line < 0 ? (by > 0 ? 0 : drawn.length - 1) : line + by];
    if (next !== undefined) move(next);
  };
  const unfold = (at) => {
    const above = ancestors(tree, at).filter((id) => folded.has(id));
    if (above.length) setFolded(new Set([...folded].filter((id) => !above.includes(id))));
  };
  const failures = useMemo(() => {
    const sought = (span, at) => span.failed && (!hits || hits.has(at));
    return tree.spans.flatMap((span, at) => (sought(span, at) ? [at] : []));
  }, [tree, hits]);
  const nextFailure = () => {
    const next = failures.find((at) => at > active) ?? failures[0];
    if (next === undefined) return;
    unfold(next);
    move(next);
  };

  // Before the next key is heard, or a step from the span before would be taken back.
  useLayoutEffect(() => {
    if (chosen < 0) return;
    unfold(chosen);
    setActive(chosen);
  }, [chosen]);

  useKeys({
    j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1), e: nextFailure,
    Home: () => move(drawn[0]), End: () => move(drawn.at(-1)),
    Enter: (event) => inTree(event) && active >= 0 && (choose(active), true),
    ArrowRight: () => {
      if (active < 0) return;
      if (folded.has(tree.spans[active].id)) fold(active, false);
      else if (tree.children[active].length) move(tree.children[active].find((at) => drawn.includes(at)) ?? active);
    },
    ArrowLeft: () => {
      if (active < 0) return;
      if (tree.children[active].length && !folded.has(tree.spans[active].id)) fold(active, true);
      else if (tree.parents[active] >= 0) move(tree.parents[active]);
    },
    z: () => (zoomed ? look(null) : active >= 0 && zoom(active)),
    Escape: () => (chosen >= 0 ? choose(-1) : zoomed ? look(null) : words ? visit({ find: "" }) : false),
  });

  return html`<div class="trace-view" data-open=${chosen >= 0 || undefined}>
    <div class="card trace-card">
      <${TraceTools} words=${words} hits=${hits?.size} seek=${(text) => visit({ find: text })}
        failures=${failures.length} nextFailure=${nextFailure}
          zoomed=${zoomed && `${duration(view.from)} to ${duration(view.to)}`} whole=${() => look(null)}
        folded=${folded.size > 0} foldAll=${foldAll} />
      <${Minimap} tree=${tree} view=${view} look=${look} />
      <${Waterfall} tree=${tree} drawn=${drawn} hits=${hits} folded=${folded} view=${view} active=${active}
        chosen=${chosen}
        choose=${choose} fold=${fold} label=${`Spans of ${brief(tree.spans[0].name)}`} />
    </div>
    ${chosen >= 0 && html`<${Details} key=${tree.spans[chosen].id} tree=${tree} at=${chosen}
      close=${() => choose(-1)} zoom=${zoom} />`}
  </div>`;
}
