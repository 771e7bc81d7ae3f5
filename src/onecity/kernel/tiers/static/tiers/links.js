// Keeps the page of links current while somebody looks at it: a link's state changes by the second.
import { morph } from "onecity/morph.js";

const EVERY = 2_000;
const place = document.querySelector("[data-tiers]");

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(place.dataset.tiers, { headers: { "X-Requested-With": "fetch" } });
      if (answer.ok) {
        const text = await answer.text();
        const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("#tiers");
        if (fresh) morph(place.querySelector("#tiers"), fresh);
      }
    } catch {
      // the page says itself when it was last heard; the next turn tries again
    }
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);
