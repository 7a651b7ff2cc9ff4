import { useCallback, useEffect, useState } from "./ui.js";

/**
 * What went wrong when the console was asked. `status` is 0 when it did not answer at all; `errors` says what is wrong
 * with which field of the address.
 */
export class Problem extends Error {
  constructor(status, message, errors = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** Ask the console for a document. */
export async function ask(path, signal) {
  let answer;
  try {
    answer = await fetch(path, { signal, headers: { Accept: "application/json" } });
    if (answer.ok) return await answer.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem(0, "The console did not answer.");
  }
  const told = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, told.detail || told.title || `The console answered ${answer.status}.`, told.errors);
}

/**
 * The document at a path. The last one stays while the next is on its way, and after a failure to renew it;
 * `fresh` says that what is here belongs to this path.
 */
export function useData(path) {
  const [state, set] = useState({ path: null, data: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    ask(path, stop.signal).then(
      (data) => set({ path, data, problem: null }),
      (problem) => {
        if (stop.signal.aborted) return;
        set((old) => ({ path, data: old.path === path ? old.data : null, problem }));
      },
    );
    return () => stop.abort();
  }, [path, turn]);
  const again = useCallback(() => setTurn((count) => count + 1), []);
  return { ...state, fresh: state.path === path, again };
}
