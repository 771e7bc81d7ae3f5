// How the application writes due times, severities and what waits.
import { duration, moment, number, say } from "onecity/words.js";
import { h } from "./dom.js";

// colour, shape and word together, so that none of them is needed alone; the shapes of the desk
const SHAPES = {
  blue: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z",
  yellow: "M8 .75 15.25 15H.75z",
  orange: "M8 .75 15.25 8 8 15.25.75 8z",
  red: "M4.9.75h6.2l4.15 4.15v6.2l-4.15 4.15H4.9L.75 11.1V4.9z",
};
export function severity(name) {
  if (!name) return null;
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  drawing.append(path);
  return h("span", { class: "sev", "data-severity": name }, drawing, say(`severity:${name}`));
}

const EARTH = 6_371_009;
export function metres(a, b) {
  const rad = Math.PI / 180;
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return Math.hypot(x, (b.lat - a.lat) * rad) * EARTH;
}
export const distance = (m) => (m < 1000 ? say("{count} m", { count: number(Math.round(m / 10) * 10) }) : say("{count} km", { count: number(m / 1000, 1) }));

export function due(text) {
  if (!text) return null;
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const words = say(seconds < 0 ? "{span} overdue" : "{span} left", { span: duration(seconds) });
  return h("span", { class: seconds < 0 ? "badge bad" : "badge", title: moment(new Date(text)) }, words);
}

export function named(op, work) {
  if (op.kind === "photo") return say("Photo");
  if (op.kind === "comment") return say("Note");
  if (op.kind === "take") return say("Take it myself");
  if (op.kind === "report") return op.report.title;
  const one = work?.cases.find((c) => c.id === op.case_id);
  const kind = one && work.kinds[one.kind];
  const step = kind && [...kind.steps, ...(kind.deeds ?? [])].find((s) => s.name === op.action);
  return step?.title ?? op.title ?? op.action;
}
