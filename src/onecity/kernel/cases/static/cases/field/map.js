// The map: outlines and names of divisions, the cases, and where the phone is. The same cases stand below it as a list.
import { say } from "onecity/words.js";
import { h, show } from "./dom.js";
import { distance, due, metres, severity } from "./format.js";
import { ZOOM, across, down, tile } from "./ground.js";
import { here } from "./spot.js";

const SIDE = 256;
const [NEAR, FAR] = [18, 11];
const HIT = 24;
const ABOVE = 16; // a name stands above its point, so that no case hides it
const EDGE = 48;
const COLOURS = { "": "--accent", blue: "--sev-blue", yellow: "--sev-yellow", orange: "--sev-orange", red: "--sev-red" };

class Ground {
  constructor(cases) {
    this.cases = cases.filter((one) => one.lon !== null);
    this.canvas = h("canvas", { class: "field-map", role: "img", "aria-label": say("{count} cases on the map", { count: this.cases.length }) });
    this.zoom = 14;
    this.centre = null;
    this.place = null;
    this.pointers = new Map();
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"])
      canvas.addEventListener(name, (event) => {
        this.pointers.delete(event.pointerId);
        if (name === "pointerup" && this.moved < 6 && !this.pointers.size) this.tap(event.offsetX, event.offsetY);
      });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 0.5 : -0.5);
    }, { passive: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.offsetX, event.offsetY];
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length) {
      const spread = (a) => Math.hypot(a[0] - others[0][0], a[1] - others[0][1]) || 1;
      this.zoom = Math.max(FAR, Math.min(NEAR, this.zoom + Math.log2(spread(now) / spread(before))));
    } else {
      this.centre = [this.centre[0] - (now[0] - before[0]) / this.unit, this.centre[1] - (now[1] - before[1]) / this.unit];
    }
    this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    this.pointers.set(event.pointerId, now);
    this.draw();
  }

  scale(by) {
    this.zoom = Math.max(FAR, Math.min(NEAR, this.zoom + by));
    this.draw();
  }

  look(lon, lat, zoom = this.zoom) {
    this.centre = [across(lon), down(lat)];
    this.zoom = zoom;
    this.draw();
  }

  // all cases in sight, as near as that goes
  fit() {
    const [xs, ys] = [this.cases.map((one) => across(one.lon)), this.cases.map((one) => down(one.lat))];
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.centre = [(west + east) / 2, (north + south) / 2];
    const room = Math.min((this.canvas.clientWidth - EDGE) / (east - west || 1e-9), (this.canvas.clientHeight - EDGE) / (south - north || 1e-9));
    this.zoom = Math.max(FAR, Math.min(14, ZOOM + Math.log2(Math.max(room, 1) / SIDE)));
    this.draw();
  }

  get unit() {
    return SIDE * 2 ** (this.zoom - ZOOM);
  }

  at(lon, lat) {
    return [this.width / 2 + (across(lon) - this.centre[0]) * this.unit, this.height / 2 + (down(lat) - this.centre[1]) * this.unit];
  }

  tap(x, y) {
    const near = this.cases.map((one) => [one, Math.hypot(...this.at(one.lon, one.lat).map((v, i) => v - [x, y][i]))]).sort((a, b) => a[1] - b[1])[0];
    if (near && near[1] < HIT) location.hash = `#/case/${near[0].id}`;
  }

  draw() {
    const { canvas } = this;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    if (!this.centre || !this.width) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = this.width * ratio;
    canvas.height = this.height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name);
    pen.fillStyle = colour("--sunken");
    pen.fillRect(0, 0, this.width, this.height);
    this.drawTiles(pen, colour);
    for (const one of this.cases) this.drawCase(pen, colour, one);
    if (this.place) this.drawPlace(pen, colour);
    canvas.dataset.drawn = "1";
  }

  drawTiles(pen, colour) {
    const half = [this.width / 2 / this.unit, this.height / 2 / this.unit];
    const names = [];
    for (let x = Math.floor(this.centre[0] - half[0]); x <= this.centre[0] + half[0]; x += 1) {
      for (let y = Math.floor(this.centre[1] - half[1]); y <= this.centre[1] + half[1]; y += 1) {
        const found = this.tiles?.get(`${x}/${y}`);
        if (found === undefined) this.fetch(x, y);
        if (!found) continue;
        for (const [depth, line] of found.lines) {
          pen.strokeStyle = colour(depth > 2 ? "--line-hard" : "--ink-3");
          pen.lineWidth = depth > 2 ? 1 : 2;
          pen.beginPath();
          for (const [lon, lat] of line) pen.lineTo(...this.at(lon, lat));
          pen.stroke();
        }
        names.push(...found.names);
      }
    }
    pen.textAlign = "center";
    pen.fillStyle = colour("--ink-2");
    for (const [depth, name, lon, lat] of names) {
      if (depth < 2 || (depth > 2 && this.zoom < 13.5)) continue;
      pen.font = `${depth > 2 ? 13 : "600 15"}px ${colour("--font")}`;
      const [x, y] = this.at(lon, lat);
      pen.fillText(name, x, y - ABOVE);
    }
  }

  async fetch(x, y) {
    this.tiles ??= new Map();
    this.tiles.set(`${x}/${y}`, null);
    const found = await tile(x, y);
    if (!found) return;
    this.tiles.set(`${x}/${y}`, found);
    this.canvas.dataset.tiles = String(Number(this.canvas.dataset.tiles ?? 0) + 1);
    requestAnimationFrame(() => this.draw());
  }

  drawCase(pen, colour, one) {
    const [x, y] = this.at(one.lon, one.lat);
    pen.beginPath();
    pen.arc(x, y, 9, 0, 7);
    pen.fillStyle = colour(COLOURS[one.severity]);
    pen.fill();
    pen.lineWidth = 3;
    pen.strokeStyle = colour("--surface");
    pen.stroke();
  }

  drawPlace(pen, colour) {
    const [x, y] = this.at(this.place.lon, this.place.lat);
    pen.lineWidth = 3;
    pen.strokeStyle = colour("--accent");
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.moveTo(x - 13, y);
    pen.lineTo(x + 13, y);
    pen.moveTo(x, y - 13);
    pen.lineTo(x, y + 13);
    pen.stroke();
  }
}

export async function map({ work }, id) {
  const cases = work?.cases ?? [];
  const ground = new Ground(cases);
  const list = h("ul", { class: "field-list" });
  const me = h("button", { class: "btn", type: "button", onclick: () => find(true) }, say("Where I am"));
  const bar = h("div", { class: "row" }, h("button", { class: "btn", type: "button", "aria-label": say("Closer"), onclick: () => ground.scale(1) }, "+"), h("button", { class: "btn", type: "button", "aria-label": say("Farther"), onclick: () => ground.scale(-1) }, "−"), me);
  const without = cases.length - ground.cases.length;
  show(h("h1", {}, say("Where are my cases?")), ground.canvas, bar, list, without ? h("p", { class: "quiet small" }, say("{count} cases have no point on the map.", { count: without })) : null);
  const fill = () => {
    const far = (one) => (ground.place ? metres(ground.place, one) : 0);
    const rows = [...ground.cases].sort((a, b) => far(a) - far(b));
    list.replaceChildren(...rows.map((one) => h("li", {}, h("a", { class: "card card-link field-case", href: `#/case/${one.id}` }, h("b", {}, one.title), h("span", { class: "row small" }, severity(one.severity), due(one.deadline), ground.place ? h("span", { class: "quiet" }, distance(far(one))) : null)))));
  };
  async function find(move) {
    const place = await here();
    if (!place || !ground.canvas.isConnected) return;
    ground.place = place;
    if (move || !ground.centre) ground.look(place.lon, place.lat);
    ground.draw();
    fill();
  }
  const wanted = ground.cases.find((one) => one.id === id);
  if (wanted) ground.look(wanted.lon, wanted.lat, 15);
  else if (ground.cases.length) ground.fit();
  fill();
  await find(false);
}
