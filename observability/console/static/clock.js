import { useEffect, useState } from "./ui.js";

/** The time of day in milliseconds, drawn anew as it passes. */
export function useNow(everyMs = 1000) {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** By how many seconds something that came at `at` (of performance.now) has aged. */
export const since = (at) => Math.max(0, (performance.now() - at) / 1000);
