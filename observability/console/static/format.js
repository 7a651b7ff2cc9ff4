/** Numbers with their units, and strangers' text made harmless to the eye. Numbers keep their unit on the line. */

const GAP = "\u00a0";

const digits = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** Three digits at most, without noughts at the end. */
function short(value) {
  return value.toLocaleString("en", { maximumFractionDigits: digits(Math.abs(value)) });
}

/** 0.42 → "420 µs", 12.3 → "12.3 ms", 4230 → "4.23 s", 125000 → "2 min 5 s". */
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  const size = Math.abs(ms);
  if (size === 0) return `0${GAP}ms`;
  if (size < 0.9995) return `${short(Math.round(ms * 1000))}${GAP}µs`;
  if (size < 999.5) return `${short(ms)}${GAP}ms`;
  if (size < 60_000) return `${short(ms / 1000)}${GAP}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${GAP}min${GAP}${seconds % 60}${GAP}s`;
  return `${Math.floor(seconds / 3600)}${GAP}h${GAP}${Math.floor((seconds % 3600) / 60)}${GAP}min`;
}

/** The same in one unit, for where there is little room: 125000 → "2.08 min". */
export function concise(ms) {
  if (!(Math.abs(ms) >= 60_000)) return duration(ms);
  if (ms < 3_600_000) return `${short(ms / 60_000)}${GAP}min`;
  if (ms < 86_400_000) return `${short(ms / 3_600_000)}${GAP}h`;
  return `${short(ms / 86_400_000)}${GAP}d`;
}

/** How long ago, in one unit. */
export function ago(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)}${GAP}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${GAP}min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}${GAP}h ago`;
  return `${Math.floor(seconds / 86_400)}${GAP}d ago`;
}

/** An age in seconds, as it ticks. */
export const age = (seconds) => (seconds < 60 ? `${Math.floor(seconds)}${GAP}s` : ago(seconds).replace(" ago", ""));

/** What writes these rates, all in one unit: so many in a second, or in a minute when none comes to one a second. */
export function rates(values) {
  if (values.every((value) => value < 1)) return (value) => `${short(value * 60)}/min`;
  return (value) => (value > 0 && value < 0.01 ? "<0.01/s" : `${short(value)}/s`);
}

/** A share as a percentage; what is not nothing does not look like it. */
export function percent(share) {
  if (!share) return "0%";
  if (share < 0.001) return "<0.1%";
  return `${(share * 100).toLocaleString("en", { maximumFractionDigits: share < 0.1 ? 1 : 0 })}%`;
}

/** A count with its thousands apart. */
export const count = (value) => value.toLocaleString("en");

/** A number, and its noun in the right form. */
export const many = (value, one, more = `${one}s`) => `${count(value)}${GAP}${value === 1 ? one : more}`;

/** Bytes in powers of 1024. */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${short(value)}${GAP}${units[unit]}`;
}

/** Any number, for an axis or a table. */
export function number(value) {
  const size = Math.abs(value);
  return size && size < 0.01 ? value.toExponential(1) : short(value);
}

const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAYS_MS = 4 * 86_400_000;

/** The time of day, to the millisecond. */
export const time = (ms) => TIME.format(ms);

/** The day and the time of day. */
export const moment = (ms) => `${DAY.format(ms)}, ${TIME.format(ms)}`;

/** A place on an axis of time that covers `range`: the time of day, to the minute, or the day when it covers many. */
export const clock = (ms, range) => (range > DAYS_MS ? DATE : MINUTE).format(ms);

// Control characters, and those that turn the direction of what follows or cannot be seen.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** A stranger's text with what cannot be seen spelled out; line breaks and tabs are kept. */
export function plain(text) {
  return String(text).replace(HIDDEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same on one line and of bounded length, for lists. */
export function brief(text, most = 120) {
  const line = plain(text).replace(/\s+/g, " ");
  return line.length > most ? `${[...line.slice(0, most)].slice(0, -1).join("")}…` : line;
}

/** An attribute's value as text: what is no text is shown as JSON. */
export function value(any) {
  return typeof any === "string" ? plain(any) : plain(JSON.stringify(any, null, 1) ?? "");
}
