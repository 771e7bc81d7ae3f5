// Maps without outside tiles: our own divisions and entities, in the page's colours, with a list of the same content.
import maplibregl from "onecity/maplibre.js";
import { dark, onThemeChange, severities, severityColour, token } from "onecity/colours.js";
import { announce, number, say } from "onecity/words.js";

export const FONT = ["sans-serif"];
export const RANK = { ok: 1, stale: 0, blue: 2, yellow: 3, orange: 4, red: 5 };
export const STATES = ["stale", "ok", ...severities];

export function style() {
  const night = dark();
  const land = night ? "#12181c" : "#f4f5f2";
  const edge = night ? "#3b4952" : "#aab4ba";
  return {
    version: 8,
    sources: {
      divisions: { type: "geojson", data: "/map/divisions", promoteId: "path" },
      labels: { type: "geojson", data: "/map/labels" },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": night ? "#0b0f12" : "#dfe8ec" } },
      { id: "district-fill", type: "fill", source: "divisions", filter: ["==", ["get", "depth"], 0], paint: { "fill-color": land } },
      {
        id: "town-fill", type: "fill", source: "divisions", filter: ["==", ["get", "depth"], 1],
        paint: { "fill-color": token("--accent"), "fill-opacity": ["case", ["boolean", ["feature-state", "chosen"], false], 0.14, 0] },
      },
      {
        id: "town-line", type: "line", source: "divisions", filter: ["all", ["==", ["get", "depth"], 1], ["!", ["get", "approximate"]]],
        paint: { "line-color": edge, "line-width": 1 },
      },
      {
        id: "town-line-approximate", type: "line", source: "divisions", filter: ["all", ["==", ["get", "depth"], 1], ["get", "approximate"]],
        paint: { "line-color": edge, "line-width": 1, "line-dasharray": [3, 3] },
      },
      {
        id: "district-line", type: "line", source: "divisions", filter: ["==", ["get", "depth"], 0],
        paint: { "line-color": night ? "#6c7d88" : "#6d7a82", "line-width": 1.5 },
      },
      {
        id: "town-label", type: "symbol", source: "labels",
        layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], 8, 11, 12, 14], "text-variable-anchor": ["center", "top", "bottom", "right", "left"], "text-radial-offset": 0.9 },
        paint: { "text-color": night ? "#93a1ab" : "#5b6770", "text-halo-color": land, "text-halo-width": 1.2 },
      },
    ],
  };
}

// one drawing per state, told apart by its shape as well as its colour (the same shapes as in the page's badges)
const outlines = {
  ok: (c, s) => c.arc(s / 2, s / 2, s * 0.24, 0, 7),
  stale: (c, s) => c.arc(s / 2, s / 2, s * 0.22, 0, 7),
  blue: (c, s) => c.arc(s / 2, s / 2, s * 0.36, 0, 7),
  yellow: (c, s) => polygon(c, s, [[0.5, 0.1], [0.94, 0.86], [0.06, 0.86]]),
  orange: (c, s) => polygon(c, s, [[0.5, 0.04], [0.96, 0.5], [0.5, 0.96], [0.04, 0.5]]),
  red: (c, s) => polygon(c, s, [[0.32, 0.06], [0.68, 0.06], [0.94, 0.32], [0.94, 0.68], [0.68, 0.94], [0.32, 0.94], [0.06, 0.68], [0.06, 0.32]]),
};

function polygon(context, size, corners) {
  corners.forEach(([x, y], index) => (index ? context.lineTo(x * size, y * size) : context.moveTo(x * size, y * size)));
  context.closePath();
}

export function addShapes(map) {
  const size = 44;
  for (const name of STATES) {
    const canvas = new OffscreenCanvas(size, size);
    const context = canvas.getContext("2d");
    context.beginPath();
    outlines[name](context, size);
    context.lineJoin = "round";
    if (name === "stale") {
      context.lineWidth = 5;
      context.strokeStyle = token("--ink-3");
      context.stroke();
    } else {
      context.fillStyle = name === "ok" ? token("--good") : severityColour(name);
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = dark() ? "#0b0f12" : "#ffffff";
      context.stroke();
    }
    if (map.hasImage(`state-${name}`)) map.removeImage(`state-${name}`);
    map.addImage(`state-${name}`, context.getImageData(0, 0, size, size), { pixelRatio: 2 });
  }
}

// a source `entities` whose clusters show how many and the worst state among them; a feature with a `count` stands for many
export function addEntities(map, data) {
  const worst = {};
  for (const [name, rank] of Object.entries(RANK)) worst[name] = rank;
  map.addSource("entities", {
    type: "geojson", data, cluster: true, clusterRadius: 30, clusterMaxZoom: 11, promoteId: "id",
    clusterProperties: { worst: ["max", ["get", "rank"]], total: ["+", ["coalesce", ["get", "count"], 1]] },
  });
  const shape = (value) => ["match", value, 2, "state-blue", 3, "state-yellow", 4, "state-orange", 5, "state-red", 1, "state-ok", "state-stale"];
  const many = ["case", ["has", "count"], ["number-format", ["get", "count"], {}], ""];
  map.addLayer({
    id: "clusters", type: "symbol", source: "entities", filter: ["has", "point_count"],
    layout: {
      "icon-image": shape(["get", "worst"]), "icon-size": 1.15, "icon-allow-overlap": true, "text-allow-overlap": true,
      "text-field": ["number-format", ["get", "total"], {}], "text-font": FONT, "text-size": 12, "text-offset": [1.3, 0], "text-anchor": "left",
    },
    paint: { "text-color": token("--ink"), "text-halo-color": token("--paper"), "text-halo-width": 1.5 },
  });
  map.addLayer({
    id: "entities", type: "symbol", source: "entities", filter: ["!", ["has", "point_count"]],
    layout: {
      "icon-image": shape(["get", "rank"]), "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"],
      "icon-size": ["case", [">=", ["get", "rank"], 2], 0.95, 0.8],
      "text-field": ["step", ["zoom"], many, 11.4, ["concat", ["get", "title"], ["case", ["has", "count"], " ", ""], many]], "text-font": FONT, "text-size": 12, "text-offset": [0, 1.5], "text-anchor": "top", "text-optional": true,
    },
    paint: { "text-color": token("--ink-2"), "text-halo-color": token("--paper"), "text-halo-width": 1.5 },
  });
  map.on("click", "clusters", async (event) => {
    const [feature] = event.features;
    const zoom = await map.getSource("entities").getClusterExpansionZoom(feature.properties.cluster_id);
    map.easeTo({ center: feature.geometry.coordinates, zoom: zoom + 0.3 });
  });
  for (const layer of ["clusters", "entities"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
}

export function create(element, options = {}) {
  const map = new maplibregl.Map({
    container: element, style: style(), attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false,
    localIdeographFontFamily: getComputedStyle(document.body).fontFamily, fadeDuration: 0, minZoom: 6, maxZoom: 17,
    locale: {
      "Map.Title": say("Map"), "NavigationControl.ZoomIn": say("Zoom in"), "NavigationControl.ZoomOut": say("Zoom out"),
      "ScaleControl.Meters": say("m"), "ScaleControl.Kilometers": say("km"),
    },
    ...options,
  });
  map.once("idle", () => (element.dataset.drawn = ""));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), "bottom-left");
  return map;
}

export const ready = (map) => new Promise((resolve) => (map.isStyleLoaded() ? resolve() : map.once("load", resolve)));

export const withRank = (collection) => {
  for (const feature of collection.features) feature.properties.rank = RANK[feature.properties.state ?? feature.properties.severity ?? "ok"] ?? 1;
  return collection;
};

async function dataOf(element) {
  if (element.dataset.map === "point") {
    const { lon, lat, title, state, severity } = element.dataset;
    const point = { type: "Point", coordinates: [Number(lon), Number(lat)] };
    return { type: "FeatureCollection", features: [{ type: "Feature", geometry: point, properties: { id: "here", title: title || "", state: state || severity || "ok" } }] };
  }
  const response = await fetch(element.dataset.src, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new TypeError(String(response.status));
  return response.json();
}

function boundsOf(collection) {
  const bounds = new maplibregl.LngLatBounds();
  for (const feature of collection.features) if (feature.geometry?.type === "Point") bounds.extend(feature.geometry.coordinates);
  return bounds;
}

// the whole of a division (of the district where none is named), with `padding` around it
export async function frame(map, path = "", padding = 32) {
  const { features } = await map.getSource("divisions").getData();
  const feature = features.find((one) => one.properties.path === path) ?? features[0];
  if (!feature) return null;
  const bounds = new maplibregl.LngLatBounds();
  for (const point of feature.geometry.coordinates.flat(feature.geometry.type === "Polygon" ? 1 : 2)) bounds.extend(point);
  map.fitBounds(bounds, { padding, duration: 0 });
  return features;
}

function listOf(collection) {
  const list = document.createElement("ul");
  list.className = "list map-list";
  const sorted = [...collection.features].sort((a, b) => b.properties.rank - a.properties.rank);
  for (const { properties } of sorted) {
    const item = document.createElement("li");
    const link = document.createElement(properties.href ? "a" : "span");
    link.className = "item plain";
    if (properties.href) link.href = properties.href;
    const title = document.createElement("span");
    title.className = "title";
    title.textContent = properties.title;
    const side = document.createElement("span");
    side.className = "side";
    side.textContent = [properties.detail, say(`state:${properties.state ?? properties.severity ?? "ok"}`)].filter(Boolean).join(" · ");
    link.append(title, side);
    item.append(link);
    list.append(item);
  }
  return list;
}

export async function mount(element) {
  const collection = withRank(await dataOf(element));
  const bounds = boundsOf(collection);
  const view = bounds.isEmpty() ? {} : { bounds, fitBoundsOptions: { padding: 48, maxZoom: 12.5 } };
  const map = create(element, view);
  if (bounds.isEmpty()) map.once("load", () => frame(map));
  map.on("style.load", () => {
    addShapes(map);
    addEntities(map, collection);
  });
  onThemeChange(() => map.setStyle(style(), { diff: false }));
  map.on("click", "entities", (event) => {
    const { href, title } = event.features[0].properties;
    if (href) location.assign(href);
    else announce(title);
  });
  if (element.dataset.map === "layer") {
    const list = listOf(collection);
    list.hidden = true;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small";
    button.textContent = say("List");
    button.addEventListener("click", () => {
      list.hidden = !list.hidden;
      button.textContent = list.hidden ? say("List") : say("Map");
    });
    const tools = document.createElement("div");
    tools.className = "map-tools";
    tools.append(button);
    element.append(tools);
    element.append(list);
    // the page has been told of a change (see live.js): the same view with what is there now
    document.addEventListener("onecity:changed", async () => {
      const fresh = await dataOf(element).catch(() => null);
      if (!fresh) return;
      collection.features = withRank(fresh).features;
      map.getSource("entities")?.setData(collection);
      list.replaceChildren(...listOf(collection).children);
    });
    announce(say("{count} places on the map", { count: number(collection.features.length) }));
  }
  return map;
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    mount(entry.target).catch(() => {
      entry.target.textContent = say("The map could not be loaded.");
    });
  }
});
for (const element of document.querySelectorAll("[data-map]")) near.observe(element);
