// A new report: what was seen, where, with photos; it waits with the rest until there is a connection.
import { say, toast } from "onecity/words.js";
import { h, show } from "./dom.js";
import { chooser, field } from "./forms.js";
import { prepared } from "./pictures.js";
import * as queue from "./queue.js";
import { here, spot } from "./spot.js";
import { sync } from "./sync.js";
import { nothingKept } from "./views.js";

const LONGEST = 200;

export function report({ work }) {
  const head = h("h1", {}, say("What did you see?"));
  if (!work) return show(head, nothingKept());
  const kinds = work.reports.map((group) => h("optgroup", { label: group.title }, group.kinds.map((kind) => h("option", { value: kind.name }, kind.title))));
  const kind = h("select", { id: "r-kind", required: true }, h("option", { value: "" }, say("Please choose")), kinds);
  const title = h("input", { id: "r-title", required: true, maxLength: LONGEST });
  const more = h("textarea", { id: "r-more", rows: 3, maxLength: 4000 });
  const address = h("input", { id: "r-address", maxLength: LONGEST });
  const division = h("select", { id: "r-division" }, h("option", { value: "" }, say("From the point")), work.divisions.map((one) => h("option", { value: one.path }, one.name)));
  const photos = chooser("r");
  const where = h("p", { class: "quiet", role: "status" }, say("Looking for the position …"));
  let place = null;
  const find = async () => {
    place = await here();
    where.textContent = place ? say("Position known to {metres} m", { metres: Math.round(place.accuracy) }) : say("No position. Choose the division, or allow this page to use the position.");
    division.required = !place;
  };
  const form = h(
    "form",
    { class: "stack card", "data-kept": true },
    photos.element,
    field(say("Kind"), kind),
    field(say("What is it?"), title),
    field(say("More about it"), more, { optional: true }),
    where,
    field(say("Division"), division, { optional: true }),
    field(say("Place in words"), address, { optional: true }),
    h("button", { class: "btn primary" }, say("Report")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const point = place ? { lon: place.lon, lat: place.lat } : {};
    const pictures = await Promise.all(photos.chosen.map((photo) => prepared(photo.file, photo.place)));
    const values = { type: kind.value, title: title.value.trim(), description: more.value.trim(), address: address.value.trim(), division_path: division.value, ...point };
    await queue.add(work.account.id, { kind: "report", report: values, spot: spot(place) }, pictures);
    toast(say("Kept on this phone. It is sent as soon as there is a connection."));
    location.hash = "#/queue";
    sync();
  });
  show(head, form);
  return find();
}
