// Signing out on any page: what the inspectors' application keeps in this browser goes at once, not at its next contact.
const NAME = "onecity-field";
const PATIENCE = 3_000;

const request = (asked) =>
  new Promise((ok, bad) => {
    asked.onsuccess = () => ok(asked.result);
    asked.onerror = () => bad(asked.error);
  });

async function unsent() {
  const database = await request(indexedDB.open(NAME));
  try {
    return database.objectStoreNames.contains("queue") ? await request(database.transaction("queue").objectStore("queue").count()) : 0;
  } finally {
    database.close();
  }
}

async function wipe() {
  // a page of the application that is open in another tab lets go of the store and shows that nobody is signed in
  new BroadcastChannel(NAME).postMessage("left");
  await request(indexedDB.deleteDatabase(NAME));
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME)).map((name) => caches.delete(name)));
  await (await navigator.serviceWorker?.getRegistration("/field"))?.unregister();
}

// `question`: what is asked before entries that were not sent are lost; false when the person stays
export async function left(question) {
  const known = await indexedDB.databases();
  if (!known.some(({ name }) => name === NAME)) return true;
  const count = await unsent();
  if (count && !confirm(question.replace("{count}", count))) return false;
  await Promise.race([wipe(), new Promise((ok) => setTimeout(ok, PATIENCE))]);
  return true;
}
