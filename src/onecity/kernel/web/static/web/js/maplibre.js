// MapLibre with its worker from our own origin, and its style sheet only where a map is.
import * as maplibregl from "maplibre-gl";

const here = import.meta.resolve("maplibre-gl");
maplibregl.setWorkerUrl(new URL("maplibre-gl-worker.mjs", here).href);
const sheet = document.createElement("link");
sheet.rel = "stylesheet";
sheet.href = new URL("maplibre-gl.css", here).href;
document.head.prepend(sheet);
export default maplibregl;
