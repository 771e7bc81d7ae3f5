// The wall: puts map, lists, time line and panel in step, and keeps them in step with the city.
import { subscribe } from "onecity/live.js";
import { morph } from "onecity/morph.js";
import { announce, clockSeconds, moment, say } from "onecity/words.js";
import { CityMap } from "./city-map.js";

const wall = document.querySelector("[data-wall]");
const panel = wall.querySelector("[data-panel]");
const range = wall.querySelector("[data-time]");
const rangeText = wall.querySelector("[data-time-text]");
const clock = wall.querySelector("[data-clock]");
const parts = ["health", "mode", "indicators", "stream", "bars"];
const view = { division: wall.dataset.division, at: wall.dataset.at || "", entity: "", attribute: "", busy: false, again: false };

const query = (extra = {}) => {
  const wanted = new URLSearchParams({ division: view.division, ...extra });
  if (view.at) wanted.set("at", view.at);
  return wanted;
};

const map = new CityMap(wall, { choose: (id) => open(id) });

async function loadParts() {
  const response = await fetch(`/ops/parts?${query()}`);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of parts) {
    const [here, there] = [document.getElementById(id), fresh.getElementById(id)];
    if (!here || !there) continue;
    const added = morph(here, there);
    if (id === "stream") for (const node of added) greet(node);
  }
  mark();
  document.dispatchEvent(new CustomEvent("onecity:changed"));
}

function greet(node) {
  node.classList.add("flash");
  const link = node.querySelector("a.item");
  if (link?.dataset.entity) map.pulse(link.dataset.entity);
  const title = node.querySelector(".title");
  if (title) announce(title.textContent);
}

async function loadLayers() {
  const response = await fetch(`/ops/layers?${query()}`);
  if (response.ok) map.show(await response.json());
}

// one loading at a time; whatever arrives meanwhile causes exactly one more
async function refresh() {
  if (view.busy) {
    view.again = true;
    return;
  }
  view.busy = true;
  try {
    await Promise.all([loadLayers(), loadParts()]);
  } finally {
    view.busy = false;
    if (view.again) {
      view.again = false;
      refresh();
    }
  }
}

let quiet = 0;
const soon = (wait) => {
  clearTimeout(quiet);
  quiet = setTimeout(refresh, wait);
};
subscribe((change) => view.at || soon(change.kind === "state" ? 300 : 60));

async function open(id, attribute = "", push = true) {
  view.entity = id;
  view.attribute = attribute;
  const response = await fetch(`/ops/entity/${id}?${query(attribute ? { attribute } : {})}`);
  if (!response.ok) return;
  panel.innerHTML = await response.text();
  panel.hidden = false;
  panel.scrollTop = 0;
  map.select(id);
  mark();
  if (push) history.pushState({ entity: id }, "", `#${id}`);
  const chart = await import("onecity/chart.js");
  chart.scan(panel);
  panel.querySelector("h2")?.focus({ preventScroll: true });
}

function close(push = true) {
  if (panel.hidden) return;
  const back = wall.querySelector(`a.item[data-entity="${CSS.escape(view.entity)}"]`);
  panel.hidden = true;
  view.entity = "";
  map.select("");
  mark();
  if (push) history.pushState({}, "", location.pathname + location.search);
  (back ?? wall.querySelector("#main")).focus({ preventScroll: true });
}

function mark() {
  for (const link of wall.querySelectorAll("#stream a.item")) {
    if (view.entity && link.dataset.entity === view.entity) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

wall.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.button) return;
  const reading = event.target.closest("[data-attribute]");
  const item = event.target.closest("#stream a[data-entity], .wall-list a[data-entity]");
  if (event.target.closest("[data-panel-close]")) close();
  else if (reading) open(view.entity, reading.dataset.attribute, false);
  else if (item) open(item.dataset.entity);
  else return;
  event.preventDefault();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("details[open]")) close();
});
addEventListener("popstate", () => {
  const id = location.hash.slice(1);
  if (id) open(id, "", false);
  else close(false);
});

function tick() {
  const shown = view.at ? new Date(view.at) : new Date();
  clock.textContent = view.at ? moment(shown) : clockSeconds(shown);
}
setInterval(tick, 1000);
tick();

let dragging = 0;
range.addEventListener("input", () => {
  const minutes = Number(range.value);
  const at = new Date(Date.now() + minutes * 60_000);
  view.at = minutes ? at.toISOString() : "";
  rangeText.textContent = minutes ? moment(at) : say("now");
  range.setAttribute("aria-valuetext", rangeText.textContent);
  wall.toggleAttribute("data-past-view", Boolean(minutes));
  wall.querySelector("[data-past]").hidden = !minutes;
  tick();
  clearTimeout(dragging);
  dragging = setTimeout(refresh, 150);
});
wall.querySelector("[data-now]").addEventListener("click", (event) => {
  event.preventDefault();
  range.value = 0;
  range.dispatchEvent(new Event("input"));
});
wall.querySelector("#division").addEventListener("change", (event) => {
  view.division = event.target.value;
  history.replaceState({}, "", `/ops?${query()}`);
  map.look(view.division);
  refresh();
});

map.look(view.division);
loadLayers();
if (location.hash.length > 1) open(location.hash.slice(1), "", false);
