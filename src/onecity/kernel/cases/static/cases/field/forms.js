// What a step or a new report asks for, and what was entered as the act that waits to be sent.
import { number, say } from "onecity/words.js";
import { h } from "./dom.js";
import { prepared } from "./pictures.js";
import { here, spot } from "./spot.js";

const ANSWER = "answer.";
const MOST_PHOTOS = 9;
const FEW_OFFICES = 8;
const PHOTOS = "image/jpeg,image/png,image/webp";

export function field(label, input, { optional = false, help = "" } = {}) {
  const mark = optional ? [" ", h("span", { class: "optional" }, say("(optional)"))] : [];
  return h("div", { class: "field wide" }, h("label", { for: input.id }, label, ...mark), input, help ? h("small", { class: "quiet" }, help) : null);
}

function one(asked, prefix) {
  const id = `${prefix}-${asked.name}`;
  const base = { id, name: asked.name, required: asked.required && asked.kind !== "many" && asked.kind !== "check" };
  const options = { optional: !asked.required, help: asked.help };
  if (asked.kind === "select") {
    const choices = [["", say("Please choose")], ...asked.choices];
    return field(asked.label, h("select", base, choices.map(([value, label]) => h("option", { value }, label))), options);
  }
  if (asked.kind === "many") {
    const boxes = asked.choices.map(([value, label]) => h("label", { class: "check" }, h("input", { type: "checkbox", name: asked.name, value }), " ", label));
    return h("fieldset", {}, h("legend", {}, asked.label), boxes);
  }
  if (asked.kind === "offices") return offices(asked, prefix);
  if (asked.kind === "check") return h("label", { class: "check" }, h("input", { type: "checkbox", name: asked.name, value: "yes" }), " ", asked.label);
  if (asked.kind === "long") return field(asked.label, h("textarea", { ...base, rows: 3 }), options);
  const type = { number: "number", date: "date" }[asked.kind] ?? "text";
  return field(asked.label, h("input", { ...base, type, ...(type === "number" ? { step: "any", inputmode: "decimal" } : {}) }), options);
}

// many offices to choose from: those that hold the letters typed are shown, those chosen always
function offices(asked, prefix) {
  const rows = asked.choices.map(([value, label]) => h("label", { class: "check" }, h("input", { type: "checkbox", name: asked.name, value }), " ", label));
  const letters = h("input", { id: `${prefix}-find`, type: "search", maxLength: 40, autocomplete: "off" });
  letters.addEventListener("input", () => {
    for (const row of rows) row.hidden = !row.textContent.includes(letters.value.trim()) && !row.querySelector("input").checked;
  });
  const search = rows.length > FEW_OFFICES ? field(say("Find an office"), letters, { optional: true }) : null;
  return h("fieldset", { class: "field-offices" }, h("legend", {}, asked.label), search, h("div", { class: "field-choices" }, rows));
}

// the photos chosen, each shown with what the phone knows of its place
export function chooser(prefix, { least = 0 } = {}) {
  const chosen = [];
  const list = h("ul", { class: "field-photos" });
  // without `capture` a phone offers both, the camera and what was taken before
  const input = h("input", { class: "visually-hidden", type: "file", id: `${prefix}-photo`, accept: PHOTOS, multiple: true });
  input.addEventListener("change", async () => {
    const files = [...input.files].slice(0, MOST_PHOTOS - chosen.length);
    input.value = "";
    const place = await here();
    for (const file of files) add({ file, place });
  });
  function add(photo) {
    chosen.push(photo);
    const address = URL.createObjectURL(photo.file);
    const away = () => {
      chosen.splice(chosen.indexOf(photo), 1);
      URL.revokeObjectURL(address);
      row.remove();
    };
    const where = photo.place ? say("Position known to {metres} m", { metres: number(Math.round(photo.place.accuracy)) }) : say("Without position");
    const row = h("li", {}, h("img", { src: address, alt: photo.file.name }), h("span", { class: "quiet small" }, where), h("button", { type: "button", class: "btn small plain", onclick: away }, say("Remove")));
    list.append(row);
  }
  const needed = least ? say("At least {count}", { count: number(least) }) : say("(optional)");
  const button = h("label", { class: "btn field-take", for: input.id }, say("Take or choose photos"), " ", h("span", { class: "optional" }, needed));
  return { element: h("div", { class: "field-chooser" }, input, button, list), chosen };
}

// a deed beside the steps asks the same way, only that it shows nothing
export const deedForm = (deed, id, done) => stepForm({ ...deed, photos: null, weight: "" }, id, done);

export function stepForm(step, id, done) {
  const prefix = `s-${step.name}`;
  const photos = step.photos === null ? { element: null, chosen: [] } : chooser(prefix, { least: step.photos });
  const note = h("textarea", { id: `${prefix}-note`, name: "note", rows: 2, maxLength: 4000, required: step.note });
  const wrong = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const form = h(
    "form",
    { class: "stack", novalidate: false },
    step.fields.map((asked) => one(asked, prefix)),
    field(say("What was done or found"), note, { optional: !step.note }),
    photos.element,
    wrong,
    h("button", { class: step.weight === "danger" ? "btn danger" : "btn primary" }, step.title),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = lacking(step, photos.chosen) || unchosen(form, step.fields);
    wrong.textContent = missing;
    wrong.hidden = !missing;
    if (missing || form.dataset.busy) return;
    form.dataset.busy = "1";
    const place = await here();
    const pictures = await Promise.all(photos.chosen.map((photo) => prepared(photo.file, photo.place, id)));
    await done({ kind: "step", case_id: id, action: step.name, title: step.title, note: note.value, data: answers(form, step.fields), spot: spot(place) }, pictures);
  });
  return form;
}

function lacking(step, chosen) {
  if (chosen.length < step.photos) return say("Add at least {count} photos: this step has to be shown.", { count: number(step.photos) });
  if (step.position && chosen.filter((photo) => photo.place).length < step.photos)
    return say("The photos must say where they were taken. Allow this page to use the position, then take them again.");
  return "";
}

function unchosen(form, asked) {
  const empty = asked.find((one) => one.kind === "offices" && !form.querySelector(`[name="${one.name}"]:checked`));
  return empty ? say("Choose at least one office.") : "";
}

function answers(form, asked) {
  const data = {};
  const found = {};
  for (const one of asked) {
    const inputs = [...form.elements].filter((element) => element.name === one.name);
    const value = one.kind === "many" || one.kind === "offices" ? inputs.filter((i) => i.checked).map((i) => i.value) : one.kind === "check" ? inputs[0].checked : inputs[0].value.trim();
    if (value === "" || (Array.isArray(value) && !value.length)) continue;
    const typed = one.kind === "number" ? Number(value) : value;
    if (one.name.startsWith(ANSWER)) found[one.name.slice(ANSWER.length)] = typed;
    else data[one.name] = typed;
  }
  return Object.keys(found).length ? { ...data, answers: found } : data;
}
