import { useEffect, useRef, useState } from "../ui.js";

// Rows drawn beyond the edge, so that a quick scroll does not show a gap.
const SPARE = 12;

/** Which rows of a long list can be seen while the page scrolls: [first, last), for `count` rows of `height` px. */
export function useWindow(count, height) {
  const element = useRef();
  const [range, set] = useState([0, 60]);
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const { top } = element.current.getBoundingClientRect();
      const first = Math.max(0, Math.floor(-top / height) - SPARE);
      const last = Math.min(count, Math.ceil((innerHeight - top) / height) + SPARE);
      set((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    const later = () => (frame ||= requestAnimationFrame(look));
    look();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [count, height]);
  return [element, range];
}

/** Whether a media query holds, as it changes. */
export function useMedia(query) {
  const [holds, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const change = () => set(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return holds;
}
