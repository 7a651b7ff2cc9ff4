/* Sends what the page describes, and shows what comes back. Whatever a service says is set as text, never as markup.
   Tokens are kept in the variables of this page alone: they are gone with it. */
"use strict";

const LONGEST = 100_000; // of a body, in characters; more would make the page slow
const EARLY_MS = 15_000; // so long before it ends, a token is exchanged for the next one
const TRACE = /^[0-9a-f]{32}$/;
const UNSAFE_IN_SHELL = /'/g;

const root = document.documentElement;
const session = document.getElementById("session");
const consoleUrl = document.getElementById("page").dataset.console;
let held = null; // {token, refresh, until, email, scope}

root.classList.add("scripted");
for (const area of document.querySelectorAll("textarea[readonly]")) area.readOnly = false;

function made(tag, words = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (name) element.className = name;
  return element;
}

/* Who you are */

function tell(words, wrong = false) {
  const told = document.getElementById("told");
  told.textContent = words;
  told.classList.toggle("wrong", wrong);
}

async function post(path, document) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(document),
    credentials: "omit",
    cache: "no-store",
  });
  const text = await answer.text();
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // Without a document the status has to do.
  }
  if (answer.ok) return said;
  const fields = Array.isArray(said.errors) ? said.errors.map((each) => `${each.field} ${each.message}`) : [];
  throw new Error([said.detail ?? `the answer was ${answer.status}`, ...fields].join(": "));
}

function hold(said, email) {
  const until = Date.now() + 1000 * (Number(said.expires_in) || 60);
  held = { token: said.access_token, refresh: said.refresh_token, until, email, scope: said.scope ?? "" };
  document.getElementById("credentials").hidden = true;
  document.getElementById("log-out").hidden = false;
  tell(`You are ${email}, with the role ${held.scope || "of anybody"}. Requests from here say so until you leave the page.`);
}

function forget(words, wrong = false) {
  held = null;
  document.getElementById("credentials").hidden = false;
  document.getElementById("log-out").hidden = true;
  tell(words, wrong);
}

async function identify(event) {
  event.preventDefault();
  const form = event.target;
  const email = form.email.value.trim();
  const credentials = { email, password: form.password.value };
  const signingUp = event.submitter?.name === "sign-up";
  const buttons = [...form.querySelectorAll("button")];
  buttons.forEach((button) => (button.disabled = true));
  tell("One moment …");
  try {
    if (signingUp) await post(session.dataset.accounts, credentials);
    hold(await post(session.dataset.token, credentials), email);
    form.password.value = "";
    document.getElementById("log-out").focus();
  } catch (error) {
    tell(`${signingUp ? "Not signed up" : "Not logged in"}: ${error.message}.`, true);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

async function leave() {
  const refresh = held?.refresh;
  forget("You are nobody again.");
  document.getElementById("email").focus();
  if (!session.dataset.logout || !refresh) return;
  try {
    await post(session.dataset.logout, { refresh_token: refresh });
  } catch (error) {
    tell(`You are nobody again here; the service did not hear of it: ${error.message}.`, true);
  }
}

async function token() {
  if (!held) return "";
  if (Date.now() < held.until - EARLY_MS) return held.token;
  try {
    hold(await post(session.dataset.refresh, { refresh_token: held.refresh }), held.email);
  } catch (error) {
    forget(`You are nobody again: ${error.message}. Log in once more.`, true);
  }
  return held?.token ?? "";
}

if (session) {
  document.getElementById("credentials").addEventListener("submit", identify);
  document.getElementById("log-out").addEventListener("click", leave);
}

/* What is asked */

function asked(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = new Headers({ Accept: "application/json" });
  let wrong = null;
  for (const input of form.querySelectorAll("input[data-in]")) {
    const missing = input.required && input.value === "";
    input.setAttribute("aria-invalid", String(missing));
    if (missing) wrong ??= input;
    const { name } = input.dataset;
    if (input.dataset.in === "path") path = path.replaceAll(`{${name}}`, () => encodeURIComponent(input.value));
    else if (input.value !== "" && input.dataset.in === "query") query.append(name, input.value);
    else if (input.value !== "") headers.set(name, input.value);
  }
  if (wrong) {
    wrong.focus();
    return null;
  }
  const area = form.querySelector("textarea[name=body]");
  if (area) headers.set("Content-Type", area.dataset.type);
  const rest = query.toString();
  return { method: form.dataset.method, url: rest ? `${path}?${rest}` : path, headers, body: area?.value };
}

function quoted(word) {
  return `'${word.replace(UNSAFE_IN_SHELL, `'\\''`)}'`;
}

function curl(request) {
  const words = ["curl -i"];
  if (request.method !== "GET") words.push(`-X ${request.method}`);
  for (const [name, value] of request.headers) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (held) words.push(`-H "authorization: Bearer $TOKEN"`);
  if (request.body !== undefined) words.push(`--data-binary ${quoted(request.body)}`);
  return [...words, quoted(location.origin + request.url)].join(" ");
}

/* What comes back */

function readable(text, type) {
  if (!/[/+]json\b/.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(place, answer, text, tookMs) {
  const verdict = made("p", "", "verdict");
  const facts = `${Math.round(tookMs)} ms, ${text.length} characters`;
  verdict.append(made("b", `${answer.status} ${answer.statusText}`.trim()), made("span", facts, "quiet"));
  const trace = answer.headers.get("X-Request-Id") ?? "";
  if (consoleUrl && TRACE.test(trace)) {
    const link = made("a", "follow this request in the console");
    link.href = `${consoleUrl}/trace/${trace}`;
    link.rel = "noreferrer";
    verdict.append(link);
  }
  place.className = `answer ${answer.ok ? "good" : "bad"}`;
  place.replaceChildren(verdict);
  if (text) {
    const whole = readable(text, answer.headers.get("Content-Type") ?? "");
    const body = made("pre", whole.length > LONGEST ? `${whole.slice(0, LONGEST)}\n… and more` : whole);
    body.tabIndex = 0;
    body.setAttribute("aria-label", "Body of the answer");
    body.setAttribute("role", "region");
    place.append(body);
  }
  const headers = made("details");
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
  headers.append(made("summary", `${lines.length} headers`), made("pre", lines.join("\n")));
  place.append(headers);
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const request = asked(form);
  if (!request) return;
  const place = form.parentElement.querySelector(".answer");
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  place.replaceChildren(); // what was there is no answer to this
  try {
    const bearer = await token();
    if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
    const began = performance.now();
    const answer = await fetch(request.url, { ...request, credentials: "omit", cache: "no-store" });
    show(place, answer, await answer.text(), performance.now() - began);
  } catch (error) {
    place.className = "answer bad";
    place.replaceChildren(made("p", `There was no answer: ${error.message}`));
  } finally {
    button.disabled = false;
  }
}

async function copy(form, button) {
  const request = asked(form);
  if (!request) return;
  const line = curl(request);
  const place = form.parentElement.querySelector(".answer");
  let copied = true;
  try {
    await navigator.clipboard.writeText(line);
  } catch {
    copied = false; // the browser may forbid it; then the line is there to be selected
  }
  const words = copied ? "Copied. " : "To copy: ";
  place.className = "answer";
  place.replaceChildren(made("p", held ? `${words}TOKEN stands for your token.` : words.trim()), made("pre", line));
  button.focus();
}

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", send);
  const button = form.querySelector("button[name=copy]");
  button.addEventListener("click", () => copy(form, button));
}

/* A link into the page opens what it leads to */

function unfold() {
  const found = location.hash && document.getElementById(location.hash.slice(1));
  if (found instanceof HTMLDetailsElement) found.open = true;
}
addEventListener("hashchange", unfold);
unfold();
root.dataset.ready = "";
