// A point for a new case: a click on the map writes longitude and latitude into the form; the fields work without it.
import { create, frame, ready } from "onecity/map.js";
import maplibregl from "onecity/maplibre.js";

const element = document.querySelector("[data-pick]");
const [lon, lat] = ["lon", "lat"].map((name) => document.querySelector(`input[name=${name}]`));
const pin = document.createElement("span");
pin.className = "case-pin";

function given() {
  const [x, y] = [lon.value, lat.value].map((text) => (text.trim() === "" ? NaN : Number(text)));
  return Number.isFinite(x) && Number.isFinite(y) && Math.abs(x) <= 180 && Math.abs(y) <= 90 ? [x, y] : null;
}

async function mount() {
  const start = given();
  const map = create(element, start ? { center: start, zoom: 13 } : {});
  const marker = new maplibregl.Marker({ element: pin, draggable: true });
  const write = ({ lng, lat: y }) => {
    lon.value = lng.toFixed(6);
    lat.value = y.toFixed(6);
  };
  const show = () => {
    const point = given();
    if (point) marker.setLngLat(point).addTo(map);
    else marker.remove();
  };
  marker.on("dragend", () => write(marker.getLngLat()));
  map.on("click", (event) => {
    write(event.lngLat);
    show();
  });
  for (const field of [lon, lat]) field.addEventListener("change", show);
  show();
  await ready(map);
  if (!start) await frame(map);
}

if (element && lon && lat) {
  element.hidden = false;
  mount().catch(() => {
    element.hidden = true;
  });
}
