// The pages: my cases, one case, and what waits to be sent.
import { clock, moment, number, say, toast } from "onecity/words.js";
import { h, show } from "./dom.js";
import { stepForm, field } from "./forms.js";
import { due, named, severity } from "./format.js";
import { leave } from "./leaving.js";
import * as queue from "./queue.js";
import { here, spot } from "./spot.js";
import { status, sync } from "./sync.js";

const icon = { waiting: "badge", refused: "badge bad" };
const kept = (work) => (work ? h("p", { class: "quiet small" }, say("As of {time}. Kept on this phone, and wiped when you sign out.", { time: moment(new Date(work.at)) })) : null);

export function list({ work, ops }) {
  if (!work) return show(h("h1", {}, say("What is mine today?")), nothingKept());
  const cases = work.cases.map((one) => queue.projected(one, work.kinds, ops));
  const rows = cases.map((one) =>
    h(
      "li",
      {},
      h(
        "a",
        { class: "card card-link field-case", href: `#/case/${one.id}` },
        h("span", { class: "row" }, severity(one.severity), h("b", {}, one.title)),
        h("span", { class: "row small" }, h("span", { class: "badge accent" }, one.title_of_state), due(one.deadline), one.waiting.length ? h("span", { class: one.refused ? "badge bad" : "badge warn" }, one.refused ? say("Not taken") : say("To send")) : null),
        h("span", { class: "quiet small" }, one.title_of_kind, " · ", one.place, one.address ? ` · ${one.address}` : ""),
      ),
    ),
  );
  const empty = h("div", { class: "card" }, h("p", {}, say("Nothing is waiting for you.")), h("p", { class: "quiet" }, say("What you see on your round you can report below.")));
  return show(h("h1", {}, say("What is mine today?")), rows.length ? h("ul", { class: "field-list" }, rows) : empty, kept(work), h("div", {}, h("button", { class: "btn plain", type: "button", onclick: leave }, say("Sign out and wipe this phone"))));
}

export const nothingKept = () => {
  if (status.link === "away") return h("div", { class: "card stack" }, h("p", {}, say("You are not signed in. What waits to be sent is kept and goes out when you sign in again.")), h("a", { class: "btn primary", href: "/accounts/login/?next=/field" }, say("Sign in")));
  if (status.link === "forbidden") return h("p", { class: "notice" }, say("Your account has no right to handle cases."));
  return h("p", { class: "card quiet" }, status.link === "off" ? say("No signal, and nothing is kept on this phone yet. Open this page once where there is a connection.") : say("Your cases are being fetched."));
};

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
  return show(
    h("p", { class: "quiet small" }, it.number, " · ", it.title_of_kind),
    h("h1", {}, it.title),
    h("p", { class: "row" }, severity(it.severity), h("span", { class: "badge accent" }, it.title_of_state), due(it.deadline)),
    it.description ? h("p", { class: "field-text" }, it.description) : null,
    h("p", { class: "quiet" }, it.place, it.address ? ` · ${it.address}` : "", it.lon === null ? null : [" · ", h("a", { href: `#/map/${id}` }, say("On the map"))]),
    waitingList(it.waiting, work),
    it.refused ? null : it.leaves ? h("p", { class: "notice" }, say("Done as far as you are concerned. It leaves this phone when it has been sent.")) : h("section", { class: "stack-s" }, h("h2", {}, say("What next?")), steps.length ? steps : h("p", { class: "quiet" }, say("There is no step that you may take now."))),
    it.leaves ? null : noteForm(id, add),
    h("p", {}, h("a", { href: `/desk/cases/${id}` }, say("Whole case (needs a connection)"))),
  );
}

function noteForm(id, add) {
  const note = h("textarea", { id: "note-text", rows: 2, maxLength: 4000, required: true });
  const form = h("form", { class: "stack" }, field(say("Note"), note), h("button", { class: "btn" }, say("Only add a note")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await add({ kind: "comment", case_id: id, note: note.value, spot: spot(await here()) }, []);
  });
  return h("details", { class: "card field-step" }, h("summary", {}, say("Add a note")), form);
}

export function outbox({ work, ops }) {
  const head = h("h1", {}, say("What is still to be sent?"));
  if (!ops.length) return show(head, h("p", { class: "card" }, say("Everything has been sent.")), kept(work));
  const now = h("button", { class: "btn primary", type: "button", onclick: sync }, say("Send now"));
  return show(head, status.link === "away" ? nothingKept() : null, waitingList(ops, work), h("div", {}, now), kept(work));
}

const waitingList = (ops, work) => (ops.length ? h("ul", { class: "field-waiting" }, ops.map((op) => waiting(op, work))) : null);

function waiting(op, work) {
  const on = work?.cases.find((one) => one.id === op.case_id);
  const words = op.state === queue.REFUSED ? say("Not taken") : status.sending === op.key ? say("Being sent {share} %", { share: number(Math.round(status.share * 100)) }) : say("Waits");
  const head = h("div", { class: "row-between" }, h("b", {}, named(op, work)), h("span", { class: icon[op.state] }, words));
  const facts = h("span", { class: "quiet small" }, clock(new Date(op.at)), on ? ` · ${on.title}` : "", op.note ? ` · ${op.note}` : "");
  return h("li", { class: "card", "data-op": op.kind, "data-state": op.state }, head, facts, op.state === queue.REFUSED ? refusal(op, work) : null);
}

// who did what meanwhile, and the two ways on: as a new act on what is true now, or not at all
function refusal(op, work) {
  const { title, detail, errors = [] } = op.problem;
  const version = work?.cases.find((one) => one.id === op.case_id)?.version;
  const again = async () => {
    await queue.again(op, version);
    sync();
  };
  const away = async () => {
    if (!confirm(say("Discard this entry, its photos, and what you did on the same case after it?"))) return;
    await queue.discard(op);
    document.dispatchEvent(new Event("field:changed"));
  };
  return h(
    "div",
    { class: "stack-s", role: "alert" },
    h("p", {}, h("b", {}, title), detail ? ` ${detail}` : ""),
    errors.length ? h("ul", {}, errors.map((error) => h("li", {}, error.detail))) : null,
    h("div", { class: "row" }, h("button", { class: "btn small", type: "button", onclick: again }, say("Send again on what is true now")), h("button", { class: "btn small danger", type: "button", onclick: away }, say("Discard"))),
  );
}
