import { html, useEffect, useRef, useState } from "../ui.js";

const PAUSE_MS = 300;

/**
 * A field whose text goes into the address, after a pause in the typing. It keeps what is being typed while the page
 * around it is drawn anew, and takes what the address says when that was changed by something else.
 */
export function Field({ value, settle, ...attributes }) {
  const [text, setText] = useState(value);
  const settled = useRef(value);
  const timer = useRef(0);
  useEffect(() => {
    if (value === settled.current) return;
    settled.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (event) => {
    const typed = event.currentTarget.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      settled.current = typed.trim();
      settle(settled.current);
    }, PAUSE_MS);
  };
  return html`<input ...${attributes} value=${text} onInput=${type} />`;
}
