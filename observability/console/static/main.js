/** The start: which page stands at which address. */
import { startLive } from "./live.js";
import { MapPage } from "./pages/map.js";
import { Missing } from "./pages/missing.js";
import { ServicePage } from "./pages/service.js";
import { ServicesPage } from "./pages/services.js";
import { TracePage } from "./pages/trace.js";
import { TracesPage } from "./pages/traces.js";
import { Shell } from "./parts/shell.js";
import { startRouter, usePlace } from "./router.js";
import { html, render } from "./ui.js";

const PAGES = [
  [/^\/$/, ServicesPage, "/"],
  [/^\/services\/([^/]+)$/, ServicePage, "/"],
  [/^\/traces$/, TracesPage, "/traces"],
  [/^\/trace\/([0-9a-f]{1,32})$/i, TracePage, "/traces"],
  [/^\/map$/, MapPage, "/map"],
];

function argument(found) {
  try {
    return decodeURIComponent(found[1] ?? "");
  } catch {
    return found[1];
  }
}

function App() {
  const { path } = usePlace();
  for (const [pattern, Page, section] of PAGES) {
    const found = pattern.exec(path);
    if (found) return html`<${Shell} section=${section} path=${path}><${Page} key=${path} name=${argument(found)} />
      <//>`;
  }
  return html`<${Shell} section="" path=${path}><${Missing} /><//>`;
}

startRouter();
startLive();
render(html`<${App} />`, document.getElementById("root"));
