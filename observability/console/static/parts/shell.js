import { useGlobalKeys } from "../keys.js";
import { connection } from "../live.js";
import { switchTheme, theme } from "../theme.js";
import { html, useErrorBoundary, useState } from "../ui.js";
import { Footer } from "./footer.js";
import { Help } from "./help.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";

const SECTIONS = [["/", "Services"], ["/traces", "Traces"], ["/map", "Map"]];

const CONNECTION = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
};

/** What surrounds every page: the way to the others, the state of the live connection, and what is stored. */
export function Shell({ section, path, children }) {
  const [help, showHelp] = useState(false);
  useGlobalKeys(() => showHelp(true) ?? true);
  return html`
    <a class="skip" href="#main" onClick=${toMain}>Skip to the content</a>
    <header class="top">
      <a class="mark" href="/" aria-label="Proconsul, services"><${Mark} /><span>Proconsul</span></a>
      <nav aria-label="Pages">
        ${SECTIONS.map(([path, name]) => html`
          <a href=${path} aria-current=${section === path ? "page" : undefined}>${name}</a>`)}
      </nav>
      <span class="grow"></span>
      <${Connection} />
      <${ThemeButton} />
      <button class="quiet round" type="button" aria-label="Keys" title="Keys (?)"
        onClick=${() => showHelp(true)}>?</button>
    </header>
    <main id="main" tabindex="-1"><${Guard} key=${path}>${children}<//></main>
    <${Footer} />
    ${help && html`<${Help} close=${() => showHelp(false)} />`}`;
}

// A link to a hash would replace the span that a trace's address names.
function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

/** Keeps the way to other pages open when one of them cannot be drawn. */
function Guard({ children }) {
  const [failure] = useErrorBoundary();
  if (!failure) return children;
  return html`<${Notice} kind="bad" title="This page could not be drawn">
    <p>What the console sent is not what the page expects. <code>${String(failure.message)}</code></p>
  <//>`;
}

function Connection() {
  const state = connection.use();
  return html`<span class="connection" data-state=${state} role="status" title=${state === "live"
    ? "Changes appear as they happen"
    : "What is shown is the last that was known"}><i></i><span>${CONNECTION[state]}</span></span>`;
}

function ThemeButton() {
  const now = theme.use();
  const next = now === "dark" ? "light" : "dark";
  return html`<button class="quiet round" type="button" onClick=${switchTheme}
    aria-label=${`Switch to the ${next} theme`} title=${`Switch to the ${next} theme`}>
    <${Icon} name=${now === "dark" ? "sun" : "moon"} />
  </button>`;
}

function Mark() {
  return html`<svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
    <rect width="32" height="32" rx="8" class="mark-ground" />
    <path d="M9 10.5h14M9 21.5h14M10.5 10.5 21.5 21.5" class="mark-lines" />
    ${[[9, 10.5], [23, 10.5], [9, 21.5], [23, 21.5]].map(([x, y]) => html`<circle cx=${x} cy=${y} r="3.4"
      class="mark-dots" />`)}
  </svg>`;
}
