// Keeps the application's own files, so that it opens without signal. VERSION and KEPT stand above, from the server.
const CACHE = `onecity-field-${VERSION}`;
const PAGE = KEPT[0];

async function keep() {
  const cache = await caches.open(CACHE);
  await Promise.all(
    KEPT.map(async (path) => {
      const answer = await fetch(path, { cache: "no-cache", credentials: "same-origin" });
      // whoever is not signed in is led to another page, which is none of the application's
      if (!answer.ok || answer.redirected) throw new Error(`${path}: ${answer.status}`);
      await cache.put(path, answer);
    }),
  );
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => {
  const old = caches
    .keys()
    .then((names) => names.filter((name) => /^onecity-field-[0-9a-f]{16}$/.test(name) && name !== CACHE))
    .then((names) => Promise.all(names.map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

// the kept files first: a worker of another version keeps others, so that page and scripts always belong together
async function answer(request, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin || request.method !== "GET") return;
  const path = request.mode === "navigate" ? (url.pathname === PAGE ? PAGE : "") : url.pathname;
  if (KEPT.includes(path)) event.respondWith(answer(request, path));
});
