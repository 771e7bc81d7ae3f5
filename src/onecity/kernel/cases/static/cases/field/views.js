// The pages: my cases and those that nobody has, and what waits to be sent.
import { clock, moment, number, say } from "onecity/words.js";
import { h, show } from "./dom.js";
import { due, named, severity } from "./format.js";
import { leave } from "./leaving.js";
import * as queue from "./queue.js";
import { status, sync } from "./sync.js";

const GROUPS = [
  ["mine", "My cases"],
  ["called", "My office was called"],
  ["nobody", "Free to take"],
];
const icon = { waiting: "badge", refused: "badge bad" };
const kept = (work) => (work ? h("p", { class: "quiet small" }, say("As of {time}. Kept on this phone, and wiped when you sign out.", { time: moment(new Date(work.at)) })) : null);

export function list({ work, ops }) {
  if (!work) return show(h("h1", {}, say("What is mine today?")), nothingKept());
  const cases = work.cases.map((one) => queue.projected(one, work.kinds, ops));
  const groups = GROUPS.map(([whose, title]) => [title, cases.filter((one) => one.whose === whose)]);
  const parts = groups.filter(([, rows]) => rows.length).map(([title, rows], i) => [i || title !== GROUPS[0][1] ? h("h2", {}, say(title), " ", h("span", { class: "quiet number" }, number(rows.length))) : null, h("ul", { class: "field-list" }, rows.map(row))]);
  const empty = h("div", { class: "card" }, h("p", {}, say("Nothing is waiting for you.")), h("p", { class: "quiet" }, say("What you see on your round you can report below.")));
  return show(h("h1", {}, say("What is mine today?")), groups[0][1].length ? null : empty, parts, kept(work), h("div", {}, h("button", { class: "btn plain", type: "button", onclick: leave }, say("Sign out and wipe this phone"))));
}

const row = (one) =>
  h(
    "li",
    {},
    h(
      "a",
      { class: "card card-link field-case", href: `#/case/${one.id}` },
      h("span", { class: "row" }, severity(one.severity), h("b", {}, one.title)),
      h("span", { class: "row small" }, h("span", { class: "badge accent" }, one.title_of_state), one.paused ? h("span", { class: "badge" }, say("Suspended")) : due(one.deadline), one.waiting.length ? h("span", { class: one.refused ? "badge bad" : "badge warn" }, one.refused ? say("Not taken") : say("To send")) : null),
      h("span", { class: "quiet small" }, one.title_of_kind, " · ", one.place, one.address ? ` · ${one.address}` : ""),
    ),
  );

export const nothingKept = () => {
  if (status.link === "away") return h("div", { class: "card stack" }, h("p", {}, say("You are not signed in. What waits to be sent is kept and goes out when you sign in again.")), h("a", { class: "btn primary", href: "/accounts/login/?next=/field" }, say("Sign in")));
  if (status.link === "forbidden") return h("p", { class: "notice" }, say("Your account has no right to handle cases."));
  return h("p", { class: "card quiet" }, status.link === "off" ? say("No signal, and nothing is kept on this phone yet. Open this page once where there is a connection.") : say("Your cases are being fetched."));
};

export function outbox({ work, ops }) {
  const head = h("h1", {}, say("What is still to be sent?"));
  if (!ops.length) return show(head, h("p", { class: "card" }, say("Everything has been sent.")), kept(work));
  const now = h("button", { class: "btn primary", type: "button", onclick: sync }, say("Send now"));
  return show(head, status.link === "away" ? nothingKept() : null, waitingList(ops, work), h("div", {}, now), kept(work));
}

// `here`: on the page of their case, whose name they need not repeat
export const waitingList = (ops, work, here = false) => (ops.length ? h("ul", { class: here ? "field-waiting card" : "field-waiting" }, ops.map((op) => waiting(op, work, here))) : null);

function waiting(op, work, here) {
  const on = here ? null : work?.cases.find((one) => one.id === op.case_id);
  const words = op.state === queue.REFUSED ? say("Not taken") : status.sending === op.key ? say("Being sent {share} %", { share: number(Math.round(status.share * 100)) }) : say("Waits");
  const head = h("div", { class: "row-between" }, h("b", {}, named(op, work)), h("span", { class: icon[op.state] }, words));
  const facts = h("span", { class: "quiet small" }, clock(new Date(op.at)), on ? ` · ${on.title}` : "", op.note ? ` · ${op.note}` : "");
  return h("li", { class: here ? "" : "card", "data-op": op.kind, "data-state": op.state }, head, facts, op.state === queue.REFUSED ? refusal(op, work) : null);
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
