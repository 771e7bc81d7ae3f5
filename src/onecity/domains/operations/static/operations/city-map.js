// The wall's map: entities and cases with their states, filters, a list of the same, and one pulse for what is new.
import { addEntities, addShapes, create, frame, STATES, withRank } from "onecity/map.js";
import { token } from "onecity/colours.js";
import { number, say } from "onecity/words.js";

const LISTED = 500; // lines of the list beside the map; the rest is told by its number
const empty = { type: "FeatureCollection", features: [] };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class CityMap {
  constructor(wall, { choose }) {
    this.wall = wall;
    this.choose = choose;
    this.data = { entities: empty, cases: empty };
    this.hidden = new Set();
    this.list = wall.querySelector("[data-wall-list]");
    this.map = create(wall.querySelector("[data-wall-map]"));
    this.loaded = new Promise((resolve) => this.map.once("load", resolve));
    this.loaded.then(() => this.#layers());
    for (const chip of wall.querySelectorAll("[data-filter]")) chip.addEventListener("click", () => this.#toggle(chip));
    const toggle = wall.querySelector("[data-list-toggle]");
    toggle.addEventListener("click", () => {
      this.list.hidden = !this.list.hidden;
      toggle.setAttribute("aria-pressed", String(!this.list.hidden));
      if (!this.list.hidden) this.list.focus();
    });
  }

  #layers() {
    const { map } = this;
    addShapes(map);
    addEntities(map, this.#shown());
    const ring = { "circle-radius": 13, "circle-color": "transparent", "circle-stroke-color": token("--ink"), "circle-stroke-width": 1.5 };
    map.addLayer({ id: "case-rings", type: "circle", source: "entities", filter: ["all", ["!", ["has", "point_count"]], ["get", "case"]], paint: ring });
    map.addSource("cases", { type: "geojson", data: this.data.cases, promoteId: "id" });
    map.addLayer({ id: "case-spots", type: "circle", source: "cases", paint: { ...ring, "circle-radius": 9 } });
    map.addLayer({
      id: "chosen", type: "circle", source: "entities", filter: ["==", ["get", "id"], ""],
      paint: { "circle-radius": 17, "circle-color": "transparent", "circle-stroke-color": token("--accent"), "circle-stroke-width": 3 },
    });
    map.on("click", "entities", (event) => this.choose(event.features[0].properties.id));
    this.#hover();
  }

  #hover() {
    const { map } = this;
    const label = document.createElement("div");
    label.className = "map-tip";
    label.hidden = true;
    map.getContainer().append(label);
    map.on("mousemove", "entities", (event) => {
      const { title, value, state } = event.features[0].properties;
      label.textContent = [title, value, say(`state:${state}`)].filter(Boolean).join(" · ");
      label.hidden = false;
      const box = map.getContainer().getBoundingClientRect();
      const left = Math.min(event.point.x + 14, box.width - label.offsetWidth - 8);
      label.style.transform = `translate(${left}px, ${event.point.y + 14}px)`;
    });
    map.on("mouseleave", "entities", () => (label.hidden = true));
  }

  #shown() {
    return { ...this.data.entities, features: this.data.entities.features.filter((f) => !this.hidden.has(f.properties.state)) };
  }

  #toggle(chip) {
    const state = chip.dataset.filter;
    const shown = this.hidden.delete(state) || (this.hidden.add(state), false);
    chip.setAttribute("aria-pressed", String(shown));
    this.#draw();
  }

  async show({ entities, cases, more }) {
    this.wall.querySelector("[data-cut]").hidden = !more;
    this.data = { entities: withRank(entities), cases };
    for (const chip of this.wall.querySelectorAll("[data-filter]")) {
      const count = entities.features.filter((f) => f.properties.state === chip.dataset.filter).length;
      chip.querySelector("[data-count]").textContent = number(count);
    }
    await this.loaded;
    this.#draw();
    this.wall.dispatchEvent(new CustomEvent("wall:shown"));
  }

  #draw() {
    this.map.getSource("entities")?.setData(this.#shown());
    this.map.getSource("cases")?.setData(this.data.cases);
    this.#list();
    this.wall.dataset.states = STATES.map((s) => `${s}:${this.data.entities.features.filter((f) => f.properties.state === s).length}`).join(" ");
  }

  #list() {
    const rows = [...this.#shown().features].sort(
      (a, b) => b.properties.rank - a.properties.rank || a.properties.title.localeCompare(b.properties.title, document.documentElement.lang),
    );
    const items = rows.slice(0, LISTED).map(({ properties }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.className = "item plain";
      link.href = `#${properties.id}`;
      link.dataset.entity = properties.id;
      const title = document.createElement("span");
      title.className = "title";
      title.textContent = properties.title;
      const side = document.createElement("span");
      side.className = "side";
      side.textContent = [properties.value, say(`state:${properties.state}`)].filter(Boolean).join(" · ");
      link.append(title, side);
      item.append(link);
      return item;
    });
    const list = document.createElement(items.length ? "ul" : "p");
    list.className = items.length ? "list" : "state";
    list.append(...(items.length ? items : [say("Nothing to show here.")]));
    if (rows.length > LISTED) {
      const rest = document.createElement("li");
      rest.className = "item plain wall-more";
      rest.textContent = this.list.dataset.more.replace("{n}", number(rows.length - LISTED));
      list.append(rest);
    }
    const at = this.list.scrollTop;
    this.list.replaceChildren(list);
    this.list.scrollTop = at;
  }

  async select(id) {
    await this.loaded;
    this.map.setFilter("chosen", ["==", ["get", "id"], id]);
    const feature = this.data.entities.features.find((f) => f.properties.id === id);
    if (!feature) return;
    const inside = this.map.getBounds().contains(feature.geometry.coordinates) && this.map.getZoom() > 11.5;
    if (!inside) this.map.easeTo({ center: feature.geometry.coordinates, zoom: Math.max(this.map.getZoom(), 12), duration: calm.matches ? 0 : 400 });
  }

  // what is new draws a ring that grows and fades, once
  async pulse(id) {
    await this.loaded;
    const feature = this.data.entities.features.find((f) => f.properties.id === id);
    if (!feature || calm.matches) return;
    const ring = document.createElement("div");
    ring.className = "map-pulse";
    ring.dataset.severity = feature.properties.state;
    const point = this.map.project(feature.geometry.coordinates);
    ring.style.transform = `translate(${point.x}px, ${point.y}px)`;
    ring.append(document.createElement("span"));
    this.map.getContainer().append(ring);
    setTimeout(() => ring.remove(), 1700);
  }

  // the whole of a division, with room for the legend
  async look(division) {
    await this.loaded;
    const features = await frame(this.map, division, { top: 64, bottom: 32, left: 32, right: 32 });
    for (const other of features ?? []) this.map.setFeatureState({ source: "divisions", id: other.properties.path }, { chosen: other.properties.path === division && other.properties.depth > 0 });
  }
}

