// The keyboard for people with forty cases a day: j and k walk a list, / searches, ? explains, data-key buttons act.
const dialog = document.getElementById("keys");
const opener = document.querySelector("[data-keys-open]");
const typing = (node) => node.closest("input, textarea, select, [contenteditable]") !== null;

function walk(step) {
  const items = [...document.querySelectorAll("a.item, [data-list] a[data-item], tbody[data-list] th a, table[data-list] tbody th a")].filter(
    (node) => node.offsetParent !== null,
  );
  if (items.length === 0) return;
  const here = items.findIndex((node) => node === document.activeElement || node.getAttribute("aria-current") === "true");
  const next = items[Math.min(items.length - 1, Math.max(0, here + step))] ?? items[0];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const actions = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": () => document.querySelector("main input[type=search], input[type=search]")?.focus(),
  "?": () => dialog?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (button) button.click();
  else if (actions[event.key]) actions[event.key]();
  else return;
  event.preventDefault();
});

if (dialog && opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());
}
