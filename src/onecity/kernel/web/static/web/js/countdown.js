// Keeps ages and deadlines current without asking the server: "3 minutes ago", "2 hours left".
import { ago, duration, say } from "onecity/words.js";

const SOON = 4 * 3600;

function refresh() {
  const now = new Date();
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const at = new Date(node.dateTime);
    node.textContent = ago(at, now);
    node.classList.toggle("stale", (now - at) / 1000 > Number(node.dataset.ago));
  }
  for (const node of document.querySelectorAll("time[data-countdown]")) {
    const left = (new Date(node.dateTime) - now) / 1000;
    node.textContent = say(left >= 0 ? "{span} left" : "{span} overdue", { span: duration(left) });
    node.dataset.due = left < 0 ? "late" : left < SOON ? "soon" : "open";
  }
}

refresh();
setInterval(() => document.hidden || refresh(), 10_000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
document.addEventListener("onecity:changed", refresh);
