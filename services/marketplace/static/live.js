// Shows what becomes of a part of the page while it is looked at. Without this, it is there when the page is opened anew.
const place = document.querySelector("[data-live]");
const said = document.getElementById("said");
const SOONEST_MS = 5000;
const LATEST_MS = 60000;
let source = null;
let pause = SOONEST_MS;
let waiting = 0;

function show(text) {
  const active = document.activeElement;
  const holder = place.contains(active) ? active.closest("[id]").id : "";
  // Made by the server from the template of the page itself, with everything escaped.
  place.innerHTML = text;
  // Who uses the keyboard stays where he is,
  document.getElementById(holder)?.querySelector(active.tagName)?.focus();
  // and who listens to a long part hears what is new in it, not all of it again.
  if (said) {
    said.textContent = place.querySelector(place.dataset.said)?.textContent ?? "";
  }
}

function listen() {
  source = new EventSource(place.dataset.live);
  source.addEventListener(place.id, (event) => {
    pause = SOONEST_MS;
    show(event.data);
  });
  source.addEventListener("over", () => {
    stop();
    document.removeEventListener("visibilitychange", turn);
    document.getElementById("afterwards").hidden = false;
  });
  source.addEventListener("gone", () => location.reload());
  source.addEventListener("error", () => {
    // A browser comes back by itself, but for those who are refused.
    if (source.readyState === EventSource.CLOSED) {
      waiting = setTimeout(listen, pause);
      pause = Math.min(2 * pause, LATEST_MS);
    }
  });
}

function stop() {
  clearTimeout(waiting);
  source?.close();
}

// What nobody looks at takes no connection: of these a browser has six, and then opens no page of this site any more.
function turn() {
  stop();
  if (!document.hidden) {
    listen();
  }
}

document.addEventListener("visibilitychange", turn);
turn();
