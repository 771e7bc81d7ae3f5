// Brings a part of the page in step with fresh HTML and leaves alone what has not changed: scroll, focus, selection.
const STAYS = new Set(["aria-current", "open"]);
// charts and maps draw their own content: they are replaced only when they shall show something else
const drawn = (node) => node.matches("[data-chart], [data-map]");
const sameDrawing = (a, b) => ["src", "lon", "lat", "state", "title"].every((name) => a.dataset[name] === b.dataset[name]);
const key = (node) => (node.nodeType === 1 ? node.dataset.ref || node.id || "" : "");

// Returns the elements with `data-ref` that are new.
export function morph(current, fresh) {
  const added = [];
  children(current, fresh, added);
  attributes(current, fresh);
  return added;
}

function attributes(current, fresh) {
  for (const { name, value } of [...fresh.attributes]) if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  for (const { name } of [...current.attributes]) {
    // what scripts have set themselves stays
    if (!fresh.hasAttribute(name) && !name.startsWith("data-live") && !STAYS.has(name)) current.removeAttribute(name);
  }
}

function children(current, fresh, added) {
  const keyed = new Map([...current.children].filter(key).map((node) => [key(node), node]));
  let place = current.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const match = find(place, wanted, keyed);
    if (!match) {
      const node = document.importNode(wanted, true);
      current.insertBefore(node, place);
      if (node.nodeType === 1) added.push(...(node.dataset.ref ? [node] : node.querySelectorAll("[data-ref]")));
      continue;
    }
    if (match === place) place = place.nextSibling;
    else current.insertBefore(match, place);
    update(match, wanted, added);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function find(place, wanted, keyed) {
  if (key(wanted)) return keyed.get(key(wanted));
  const same = place && place.nodeType === wanted.nodeType && place.nodeName === wanted.nodeName && !key(place);
  return same ? place : null;
}

function update(node, wanted, added) {
  if (node.nodeType !== 1) {
    if (node.data !== wanted.data) node.data = wanted.data;
  } else if (drawn(node)) {
    if (!sameDrawing(node, wanted)) node.replaceWith(document.importNode(wanted, true));
  } else if (!node.isEqualNode(wanted)) {
    attributes(node, wanted);
    children(node, wanted, added);
  }
}
