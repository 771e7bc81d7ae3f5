// What the phone keeps: its inspector's cases, what waits to be sent, and the photos of that. A write is on the disk when it returns.
const NAME = "onecity-field";
let opened;
// somebody signed out elsewhere in this browser: this page opens the store no more, not even an empty one
export const life = { over: false };

const open = () =>
  (opened ??= life.over ? Promise.reject(new Error("signed out")) : new Promise((ok, bad) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept", { keyPath: "name" });
      request.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
      request.result.createObjectStore("photos", { keyPath: "key" });
    };
    request.onsuccess = () => {
      // another tab that wipes or upgrades must not wait for this one
      request.result.onversionchange = () => forgetConnection();
      ok(request.result);
    };
    request.onerror = () => bad(request.error);
  }));

async function forgetConnection() {
  const database = await opened;
  opened = undefined;
  database?.close();
}

export const letGo = () => {
  life.over = true;
  return forgetConnection();
};

export const got = (request) =>
  new Promise((ok, bad) => {
    request.onsuccess = () => ok(request.result);
    request.onerror = () => bad(request.error);
  });

// all or nothing; `work` may wait for requests of its own transaction only
export async function within(names, mode, work) {
  const database = await open();
  const transaction = database.transaction(names, mode, { durability: mode === "readwrite" ? "strict" : "default" });
  const ended = new Promise((ok, bad) => {
    transaction.oncomplete = ok;
    transaction.onabort = () => bad(transaction.error ?? new Error("aborted"));
  });
  const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
  try {
    const value = await work(stores);
    await ended;
    return value;
  } catch (error) {
    ended.catch(() => undefined);
    try {
      transaction.abort();
    } catch {
      // it has ended by itself
    }
    throw error;
  }
}

export const read = (name) => within(["kept"], "readonly", ({ kept }) => got(kept.get(name))).then((row) => row?.value ?? null);
export const write = (name, value) => within(["kept"], "readwrite", ({ kept }) => got(kept.put({ name, value })));

// the cases go, what waits to be sent stays until the same person has sent it
export const forget = () => within(["kept"], "readwrite", ({ kept }) => got(kept.delete("work")));

export async function wipe() {
  await forgetConnection();
  await new Promise((ok, bad) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = ok;
    request.onerror = () => bad(request.error);
  });
  for (const name of await caches.keys()) if (name.startsWith("onecity-field")) await caches.delete(name);
}
