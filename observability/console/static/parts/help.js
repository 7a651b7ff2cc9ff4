import { HELP } from "../keys.js";
import { html, useEffect, useRef } from "../ui.js";
import { Icon } from "./icon.js";

/** The keys, in a dialog that Esc closes. */
export function Help({ close }) {
  const dialog = useRef();
  useEffect(() => dialog.current.showModal(), []);
  const outside = (event) => event.target === dialog.current && dialog.current.close();
  return html`<dialog class="help" ref=${dialog} onClose=${close} onClick=${outside} aria-labelledby="help-title">
    <div class="help-inside">
      <header>
        <h2 id="help-title">Keys</h2>
        <button class="quiet round" type="button" aria-label="Close" onClick=${() => dialog.current.close()}>
          <${Icon} name="cross" /></button>
      </header>
      ${HELP.map(([title, keys]) => html`<section>
        <h3>${title}</h3>
        <dl>${keys.map(([names, meaning]) => html`
          <div><dt>${names.map((name) => html`<kbd>${name}</kbd> `)}</dt><dd>${meaning}</dd></div>`)}</dl>
      </section>`)}
    </div>
  </dialog>`;
}
