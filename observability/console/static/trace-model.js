/**
 * One trace as the waterfall needs it: who stands below whom, and what may be seen. Spans come from the console depth
 * first, each directly below its parent, so that a span's descendants are the deeper ones that follow it.
 */

/** What a span's line says first: `attempt 1 → ports-2`, or its name. */
export function title(span) {
  return span.role === "attempt" ? `attempt ${span.attempt} → ${span.target || "nobody"}` : span.name;
}

/** What a span came to, in words: `503 nacked`, `200`, `timed-out`; of a statement what its database calls the error. */
export function result(span) {
  const outcome = span.outcome === "answered" ? "" : span.outcome;
  const said = [span.status ?? "", outcome].filter((part) => part !== "").join(" ");
  return said || (span.failed ? String(span.attributes["db.response.status_code"] ?? "failed") : "");
}

/** A line of the waterfall as a sentence, for screen readers. */
export function sentence(span, duration) {
  const parts = [`${span.service}: ${title(span)}`, result(span), duration(span.duration_ms)];
  if (span.attempts > 1) parts.push(`${span.attempts} attempts`);
  if (span.delay_s) parts.push(`after waiting ${duration(span.delay_s * 1000)}`);
  if (span.reason) parts.push(`because: ${span.reason}`);
  if (span.nack) parts.push(`refused: ${span.nack}`);
  if (span.failed) parts.push("failed");
  if (span.orphan) parts.push("its parent is unknown");
  return parts.filter(Boolean).join(", ");
}

/** The trace with its family ties, its lines of log by span, and the stretch of time that it covers. */
export function model(trace) {
  const { spans } = trace;
  const at = new Map(spans.map((span, place) => [span.id, place]));
  const parents = [];
  const children = spans.map(() => []);
  const above = [];
  spans.forEach((span, place) => {
    above.length = span.depth;
    const parent = above[span.depth - 1] ?? -1;
    parents.push(parent);
    if (parent >= 0) children[parent].push(place);
    above[span.depth] = place;
  });
  const logs = new Map();
  for (const log of trace.logs) {
    if (!logs.has(log.span)) logs.set(log.span, []);
    logs.get(log.span).push(log);
  }
  const from = spans.reduce((least, span) => Math.min(least, span.offset_ms), 0);
  const to = spans.reduce((most, span) => Math.max(most, span.offset_ms + span.duration_ms), trace.duration_ms);
  return { trace, spans, at, parents, children, logs, from, to: to > from ? to : from + 0.001 };
}

/** The attempts of a call, in their order. */
export function attempts(tree, place) {
  return tree.children[place].filter((child) => tree.spans[child].role === "attempt");
}

/** Why an attempt was refused: the far side's request says it. */
export function refusal(tree, place) {
  const own = tree.spans[place].nack;
  return own || tree.children[place].map((child) => tree.spans[child].nack).find(Boolean) || "";
}

/** For how long nothing was sent before this attempt: the end of the one before, and its own beginning. */
export function pause(tree, place) {
  const span = tree.spans[place];
  const call = tree.parents[place];
  if (span.role !== "attempt" || span.attempt < 2 || call < 0) return null;
  const all = attempts(tree, call);
  const before = tree.spans[all[all.indexOf(place) - 1]];
  if (!before) return null;
  const from = before.offset_ms + before.duration_ms;
  return span.offset_ms > from ? { from, to: span.offset_ms } : null;
}

function text(span) {
  const { name, service, instance, outcome, nack, status, attributes, id } = span;
  return JSON.stringify([title(span), name, service, instance, outcome, nack, status, attributes, id]).toLowerCase();
}

/** Whether a span has these words in its name, service, instance or attributes. */
export function matches(tree, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return null;
  const found = new Set();
  tree.spans.forEach((span, place) => {
    const has = text(span);
    if (wanted.every((word) => has.includes(word))) found.add(place);
  });
  return found;
}

/** The places of the lines to draw: without what is folded, and of a filter its hits with all that lead to them. */
export function lines(tree, folded, hits) {
  let kept = null;
  if (hits) {
    kept = new Set();
    for (const hit of hits) {
      for (let place = hit; place >= 0 && !kept.has(place); place = tree.parents[place]) kept.add(place);
    }
  }
  const drawn = [];
  let hiddenBelow = Infinity;
  tree.spans.forEach((span, place) => {
    if (span.depth > hiddenBelow) return;
    hiddenBelow = folded.has(span.id) && !kept ? span.depth : Infinity;
    if (!kept || kept.has(place)) drawn.push(place);
  });
  return drawn;
}

/** Everything above a span, which must be unfolded for it to be seen. */
export function ancestors(tree, place) {
  const found = [];
  for (let up = tree.parents[place]; up >= 0; up = tree.parents[up]) found.push(tree.spans[up].id);
  return found;
}
