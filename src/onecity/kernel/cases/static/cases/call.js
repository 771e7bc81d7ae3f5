// Fills what stands beside a call while it is written: the caller's history after the number, cases nearby after the place.
import { morph } from "onecity/morph.js";

const form = document.querySelector("[data-call]");
const CASE = ["text", "kind", "division", "lon", "lat"];
let asked = 0;

async function look(about, parts) {
  const turn = (asked += 1);
  const data = new FormData(form);
  data.set("do", "look");
  data.set("about", about);
  const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || (turn !== asked && about === "case")) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of parts) {
    const [here, there] = [document.getElementById(id), fresh.getElementById(id)];
    if (here && there) morph(here, there);
  }
}

if (form) {
  document.querySelector("[data-call-keys]").hidden = false;
  form.addEventListener("change", ({ target }) => {
    if (target.name === "phone") look("phone", ["caller"]);
    else if (CASE.includes(target.name)) look("case", ["near", "kinds", "asks"]);
  });
  // clicks on the map write into the fields without a change of theirs
  document.querySelector("[data-pick]")?.addEventListener("click", () => setTimeout(() => look("case", ["near", "kinds", "asks"]), 50));
  // these submits file nothing, so that the guard against double clicks must not count them
  form.addEventListener("submit", (event) => {
    if (event.submitter?.matches("[data-look]")) {
      event.preventDefault();
      event.stopPropagation();
      look("", ["caller", "near", "kinds", "asks"]);
    } else if (event.submitter?.name === "take") {
      event.preventDefault();
      event.stopPropagation();
      const kind = form.elements.kind;
      kind.value = event.submitter.value;
      look("case", ["near", "kinds", "asks"]);
      kind.focus();
    }
  });
  // whoever typed before this script was there waits for nothing
  if (form.elements.phone.value || form.elements.text.value) look("", ["caller", "near", "kinds", "asks"]);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.querySelector("[data-open]").click();
  });
}
