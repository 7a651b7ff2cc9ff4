import { useLayoutEffect, useRef, useState } from "../ui.js";

/** A reference for an element, and its width as it changes. */
export function useWidth(first = 600) {
  const element = useRef();
  const [width, set] = useState(first);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => set(Math.round(entry.contentRect.width)));
    watch.observe(element.current);
    set(Math.round(element.current.clientWidth) || first);
    return () => watch.disconnect();
  }, []);
  return [element, width];
}
