// The ground of the map in tiles: kept on the phone around the cases, fetched where there is a connection.
const CACHE = "onecity-field-ground";
export const ZOOM = 13;
const COUNT = 2 ** ZOOM;
const AROUND = 1;
const MOST = 80;
const memory = new Map();

export const across = (lon) => ((lon + 180) / 360) * COUNT;
export const down = (lat) => ((1 - Math.asinh(Math.tan((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180)) / Math.PI) / 2) * COUNT;
const address = (x, y) => `/field/tiles/${x}/${y}`;

// what is drawn: from the memory, from what is kept, or from the platform; null while none of them has it
export async function tile(x, y) {
  const path = address(x, y);
  if (memory.has(path)) return memory.get(path);
  const cache = await caches.open(CACHE);
  let answer = await cache.match(path);
  if (!answer) {
    answer = await fetch(path, { redirect: "manual" }).catch(() => null);
    if (!answer?.ok) return null;
  }
  const found = await answer.json();
  memory.set(path, found);
  return found;
}

// The tiles around the cases, kept for when there is no signal; those of cases that are gone go too.
export async function keep(work) {
  const wanted = new Set();
  for (const one of work.cases) {
    if (one.lon === null) continue;
    const [x, y] = [Math.floor(across(one.lon)), Math.floor(down(one.lat))];
    for (let i = -AROUND; i <= AROUND; i += 1) for (let j = -AROUND; j <= AROUND; j += 1) if (wanted.size < MOST) wanted.add(address(x + i, y + j));
  }
  const name = `${CACHE}?${work.ground}`;
  const cache = await caches.open(CACHE);
  const known = await cache.match("/field/tiles/version");
  if ((await known?.text()) !== name) {
    for (const old of await cache.keys()) await cache.delete(old);
    memory.clear();
    await cache.put("/field/tiles/version", new Response(name));
  }
  const kept = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  for (const path of kept) if (path !== "/field/tiles/version" && !wanted.has(path)) await cache.delete(path);
  for (const path of wanted) {
    if (kept.has(path)) continue;
    const answer = await fetch(path, { redirect: "manual" }).catch(() => null);
    if (!answer?.ok) return;
    await cache.put(path, answer);
  }
}
