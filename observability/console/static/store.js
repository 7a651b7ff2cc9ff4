import { useLayoutEffect, useState } from "./ui.js";

/** A value that lives outside of the page's tree, and redraws those who use it. */
export function store(value) {
  const readers = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      readers.forEach((read) => read(next));
    },
    use() {
      const [seen, see] = useState(value);
      useLayoutEffect(() => {
        readers.add(see);
        see(value);
        return () => readers.delete(see);
      }, []);
      return seen;
    },
  };
}
