import { html, useEffect, useState } from "../ui.js";
import { Icon } from "./icon.js";

const SHOWN_MS = 2000;

/** A button that puts a text on the clipboard, and says whether it could. */
export function Copy({ text, label }) {
  const [done, set] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => set(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      set("Copied");
    } catch {
      // Browsers forbid it on plain HTTP from elsewhere; the address bar has the link then.
      set("Not allowed here");
    }
  };
  return html`<button type="button" onClick=${copy}><${Icon} name="link" /><span role="status">${done || label}</span>
    </button>`;
}
