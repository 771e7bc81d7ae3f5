// The small script of every page: menus, times that stay current, keys, and what else a page asks for.
const has = (selector) => document.querySelector(selector) !== null;

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const connection = () => document.documentElement.toggleAttribute("data-offline", !navigator.onLine);
addEventListener("online", connection);
addEventListener("offline", connection);
connection();

// whoever signs out leaves nothing of his cases in this browser
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("unsent" in form.dataset) || !isSecureContext || !indexedDB.databases) return;
  event.preventDefault();
  import("onecity/signout.js")
    .then(({ left }) => left(form.dataset.unsent))
    .then((gone) => gone && form.submit(), () => form.submit());
});

// forms that are sent twice by a hasty double click do harm; one click is enough
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post") {
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  }
});

import("onecity/keys.js");
if (has("[data-ago], [data-countdown]")) import("onecity/countdown.js");
if (has("[data-chart]")) import("onecity/chart.js");
if (has("[data-map]")) import("onecity/map.js");
if (has("[data-live]")) import("onecity/live.js");
if (has("[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete], [hx-boost]")) import("htmx");

if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/worker.js").catch(() => undefined);
