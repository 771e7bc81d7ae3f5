// How the application writes due times, severities and what waits.
import { duration, moment, say } from "onecity/words.js";
import { h } from "./dom.js";

export const severity = (name) => (name ? h("span", { class: `sev sev-${name}` }, say(`severity:${name}`)) : null);

export function due(text) {
  if (!text) return null;
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const words = say(seconds < 0 ? "{span} overdue" : "{span} left", { span: duration(seconds) });
  return h("span", { class: seconds < 0 ? "badge bad" : "badge", title: moment(new Date(text)) }, words);
}

export function named(op, work) {
  if (op.kind === "photo") return say("Photo");
  if (op.kind === "comment") return say("Note");
  if (op.kind === "report") return op.report.title;
  const one = work?.cases.find((c) => c.id === op.case_id);
  const step = one && work.kinds[one.kind].steps.find((s) => s.name === op.action);
  return step?.title ?? op.title ?? op.action;
}
