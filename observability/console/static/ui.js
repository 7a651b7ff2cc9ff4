/** The one door to the rendering library: no other module knows where it is kept. */
export {
  h,
  html,
  render,
  useCallback,
  useEffect,
  useErrorBoundary,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "./vendor/htm-preact/standalone.module.js";
