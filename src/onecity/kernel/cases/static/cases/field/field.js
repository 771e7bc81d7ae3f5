// The application: which page is shown, and what stands above and below it.
import { say } from "onecity/words.js";
import { keep } from "./ground.js";
import * as queue from "./queue.js";
import { letGo, life, read } from "./store.js";
import { start, status } from "./sync.js";
import { map } from "./map.js";
import { report } from "./report.js";
import { one } from "./case.js";
import { list, outbox } from "./views.js";

const LINKS = { connecting: "Connecting", on: "Connected", off: "No signal", away: "Not signed in", later: "The platform is busy", forbidden: "No right" };
const told = new BroadcastChannel("onecity-field");

async function state() {
  const [work, account] = [await read("work"), await read("account")];
  return { work, ops: account ? await queue.all(account.id) : [] };
}

// a page in which somebody is typing is not drawn anew under his hands
const busy = () => document.querySelector("#main details[open] form, #main form[data-kept], #main canvas") !== null;

let drawn = "";
async function draw(forced = false) {
  if (life.over) return;
  const now = await state();
  const [page, id] = location.hash.replace(/^#\//, "").split("/");
  frame(now, page);
  const place = location.hash;
  if (!forced && place === drawn && busy()) return;
  drawn = place;
  if (page === "case") one(now, id);
  else if (page === "queue") outbox(now);
  else if (page === "new") await report(now);
  else if (page === "map") await map(now, id);
  else list(now);
}

function frame({ ops }, page) {
  const count = document.getElementById("count");
  count.hidden = !ops.length;
  count.textContent = ops.length;
  const link = document.getElementById("link");
  const refused = ops.some((op) => op.state === queue.REFUSED);
  link.textContent = refused ? say("Not taken") : say(LINKS[status.link]);
  link.dataset.link = refused ? "refused" : status.link;
  for (const tab of document.querySelectorAll("[data-tab]")) {
    if (tab.dataset.tab === (page === "case" ? "list" : page || "list")) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => {
  scrollTo(0, 0);
  draw(true);
});
document.addEventListener("field:changed", () => {
  told.postMessage("changed");
  draw();
});
document.addEventListener("field:fetched", (event) => keep(event.detail).catch(() => undefined));
document.addEventListener("field:added", () => draw(true));
told.onmessage = ({ data }) => (data === "left" ? leftElsewhere() : draw());

// signed out on another page of this browser: nothing is shown any more, and nothing is kept again
function leftElsewhere() {
  letGo();
  status.link = "away";
  frame({ ops: [] }, "");
  list({ work: null, ops: [] });
}

if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/field/worker.js", { scope: "/field" }).catch(() => undefined);
navigator.storage?.persist?.();
await draw(true);
await start();
