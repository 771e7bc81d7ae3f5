// One case: what it is, what waits for it, and what its inspector may do with it, with or without signal.
import { say, toast } from "onecity/words.js";
import { h, show } from "./dom.js";
import { deedForm, field, stepForm } from "./forms.js";
import { due, severity } from "./format.js";
import * as queue from "./queue.js";
import { here, spot } from "./spot.js";
import { sync } from "./sync.js";
import { nothingKept, waitingList } from "./views.js";

export function one({ work, ops }, id) {
  const found = work?.cases.find((other) => other.id === id);
  if (!found) return show(h("h1", {}, say("This case is not on this phone")), work ? h("p", { class: "quiet" }, say("It was closed, or somebody else has it now.")) : nothingKept(), waitingList(ops.filter((op) => op.case_id === id), work), h("a", { class: "btn", href: "#/" }, say("My cases")));
  const it = queue.projected(found, work.kinds, ops);
  const add = async (act, pictures) => {
    await queue.add(work.account.id, { version: found.version, ...act }, pictures);
    toast(say("Kept on this phone. It is sent as soon as there is a connection."));
    document.dispatchEvent(new Event("field:added"));
    sync();
  };
  const steps = it.steps.map((step) => h("details", { class: "card field-step", "data-step": step.name }, h("summary", {}, step.title), stepForm(step, id, add)));
  const beside = it.beside.map((deed) => h("details", { class: "card field-step", "data-step": deed.name }, h("summary", {}, deed.title), deedForm(asking(deed, work, found), id, add)));
  return show(
    h("p", { class: "quiet small" }, it.number, " · ", it.title_of_kind),
    h("h1", {}, it.title),
    h("p", { class: "row" }, severity(it.severity), h("span", { class: "badge accent" }, it.title_of_state), it.paused ? h("span", { class: "badge" }, say("Suspended")) : due(it.deadline)),
    it.description ? h("p", { class: "field-text" }, it.description) : null,
    h("p", { class: "quiet" }, it.place, it.address ? ` · ${it.address}` : "", it.lon === null ? null : [" · ", h("a", { href: `#/map/${id}` }, say("On the map"))]),
    waitingList(it.waiting, work, true),
    it.refused ? null : it.leaves ? h("p", { class: "notice" }, say("Done as far as you are concerned. It leaves this phone when it has been sent.")) : next(it, steps, beside, () => take(id, add)),
    it.leaves ? null : noteForm(id, add),
    h("p", {}, h("a", { href: `/desk/cases/${id}` }, say("Whole case (needs a connection)"))),
  );
}

// a case that nobody has is taken first; whoever was called answers first
function next(it, steps, beside, taken) {
  if (it.whose === "nobody") return h("section", { class: "stack-s" }, h("h2", {}, say("What next?")), h("p", { class: "notice" }, say("Nobody has taken this case yet.")), h("button", { class: "btn primary large", type: "button", "data-take": true, onclick: taken }, say("Take it myself")));
  const called = it.whose === "called";
  const usual = called ? beside : steps;
  const others = called ? steps : beside;
  return h("section", { class: "stack-s" }, h("h2", {}, say("What next?")), usual.length ? usual : h("p", { class: "quiet" }, say("There is no step that you may take now.")), others.length ? [h("h3", {}, say("Also possible")), ...others] : null);
}

async function take(id, add) {
  await add({ kind: "take", case_id: id, spot: spot(await here()) }, []);
}

// offices stand once for all cases; the one that has the case cannot be called to it
const asking = (deed, work, found) => ({
  ...deed,
  fields: deed.fields.map((one) => (one.kind === "offices" ? { ...one, choices: work.offices.filter(([id]) => id !== found.office) } : one)),
});

function noteForm(id, add) {
  const note = h("textarea", { id: "note-text", rows: 2, maxLength: 4000, required: true });
  const form = h("form", { class: "stack" }, field(say("Note"), note), h("button", { class: "btn" }, say("Only add a note")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await add({ kind: "comment", case_id: id, note: note.value, spot: spot(await here()) }, []);
  });
  return h("details", { class: "card field-step" }, h("summary", {}, say("Add a note")), form);
}
