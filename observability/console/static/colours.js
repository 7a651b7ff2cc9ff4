/**
 * A service has the same colour on every page, in every trace and after every restart: it follows from its name.
 * With this seed common names, like gateway, marketplace and ports, all differ, and clearly where they meet in a trace.
 */
const SEED = 2_166_163_387;
const PRIME = 16_777_619;
const COLOURS = 12;

const known = new Map();

function choose(name) {
  let sum = SEED;
  for (let place = 0; place < name.length; place += 1) sum = Math.imul(sum ^ name.charCodeAt(place), PRIME) >>> 0;
  return `var(--service-${((sum ^ (sum >>> 15)) >>> 0) % COLOURS})`;
}

/** The colour of a service, as a value for CSS that fits light and dark. */
export function colour(service) {
  if (!known.has(service)) {
    if (known.size > 1000) known.clear();
    known.set(service, choose(service));
  }
  return known.get(service);
}
