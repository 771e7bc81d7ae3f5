// The change feed in the page: one connection, resumed where it stopped, quiet while the page is hidden.
import { morph } from "onecity/morph.js";
import { ago, say } from "onecity/words.js";

const SILENT_AFTER = 40_000;
const handlers = new Set();
const state = { source: null, cursor: document.documentElement.dataset.cursor || "", tries: 0, timer: 0, heard: 0, status: "waiting" };

// `handler` is called with {kind, ref, division, at, payload} for each change, and with {kind: "gap"} when the page
// must load its data again; returns a function that ends the subscription.
export function subscribe(handler, kinds = []) {
  const entry = { handler, kinds };
  handlers.add(entry);
  if (!state.source && !document.hidden) connect();
  return () => handlers.delete(entry);
}

function deliver(change) {
  for (const { handler, kinds } of handlers) {
    if (change.kind === "gap" || kinds.length === 0 || kinds.includes(change.kind)) handler(change);
  }
}

function show(status) {
  state.status = status;
  for (const node of document.querySelectorAll("[data-live]")) {
    node.dataset.live = status;
    const texts = { on: say("Live"), waiting: say("Connecting again"), paused: say("Paused") };
    node.textContent = texts[status];
    node.title = state.heard ? say("Last heard: {ago}", { ago: ago(new Date(state.heard)) }) : "";
  }
}

function heard(event) {
  state.heard = Date.now();
  state.tries = 0;
  if (event.lastEventId) state.cursor = event.lastEventId;
  if (state.status !== "on") show("on");
}

function connect() {
  clearTimeout(state.timer);
  state.source?.close();
  const source = new EventSource(`/live?cursor=${encodeURIComponent(state.cursor)}`);
  state.source = source;
  state.heard = Date.now();
  source.addEventListener("beat", heard);
  source.addEventListener("gap", (event) => {
    heard(event);
    deliver({ kind: "gap" });
  });
  source.addEventListener("changes", (event) => {
    heard(event);
    for (const change of JSON.parse(event.data)) deliver(change);
  });
  source.onerror = () => {
    if (state.source === source) retry();
  };
}

function retry() {
  state.source?.close();
  state.source = null;
  show("waiting");
  state.tries += 1;
  const wait = Math.min(30_000, 500 * 2 ** Math.min(state.tries, 6)) * (0.5 + Math.random() / 2);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => document.hidden || connect(), wait);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      state.source?.close();
      state.source = null;
      show("paused");
    }, 30_000);
  } else if (!state.source) connect();
  else clearTimeout(state.timer);
});
addEventListener("online", () => state.source || connect());
addEventListener("pagehide", () => state.source?.close());
setInterval(() => {
  if (state.source && Date.now() - state.heard > SILENT_AFTER) retry();
}, 5_000);

// <section id="x" data-live-refresh="case alert">: the part is loaded again when such a change comes, in place
const parts = [...document.querySelectorAll("[data-live-refresh][id]")];
let due = 0;
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (fresh) for (const node of morph(part, fresh)) node.classList.add("flash");
  }
  document.dispatchEvent(new CustomEvent("onecity:changed"));
}

if (parts.length) {
  const kinds = [...new Set(parts.flatMap((part) => part.dataset.liveRefresh.split(/\s+/)))];
  subscribe(() => {
    clearTimeout(due);
    due = setTimeout(refresh, 250);
  }, kinds);
}
