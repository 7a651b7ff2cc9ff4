/** From values to places on an axis, and the round values to write beside it. */

const STEPS = [1, 2, 5, 10];
const MINUTE_MS = 60_000;
const DAY = 1440;
const ROUND_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, DAY];

/** The smallest round step that covers `range` in at most `most` steps. */
function step(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return STEPS.find((one) => one * power >= rough) * power;
}

/** Round values from `low` to `high`, both included where they are round. */
export function ticks(low, high, most = 5) {
  if (!(high > low)) return [low];
  const by = step(high - low, most);
  const found = [];
  for (let turn = Math.ceil(low / by); turn * by <= high + by * 1e-9; turn += 1) found.push(turn * by);
  return found;
}

/** Round values for a logarithmic axis: 1, 10, 100, with 3 between when there is room. */
export function logTicks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const one of high / low < 1000 ? [1, 3] : [1]) found.push(one * 10 ** power);
  }
  return found.filter((value) => value >= low && value <= high);
}

/** A function from [low, high] to [from, to]. */
export function linear(low, high, from, to) {
  const by = high > low ? (to - from) / (high - low) : 0;
  return (value) => from + (value - low) * by;
}

/** The same, with equal distances for equal factors. */
export function logarithmic(low, high, from, to) {
  const place = linear(Math.log(low), Math.log(high), from, to);
  return (value) => place(Math.log(Math.min(high, Math.max(low, value))));
}

/** Whole minutes within a span of time, for its axis: about `most` of them, however long it is. */
export function minutes(low, high, most = 6) {
  const room = Math.max(1, most);
  const range = (high - low) / MINUTE_MS;
  const by = ROUND_MINUTES.find((one) => range / one <= room) ?? Math.ceil(range / room / DAY) * DAY;
  const first = Math.ceil(low / MINUTE_MS / by) * by;
  const number = Math.floor((high / MINUTE_MS - first) / by) + 1;
  return Array.from({ length: Math.max(0, number) }, (_, turn) => (first + turn * by) * MINUTE_MS);
}
