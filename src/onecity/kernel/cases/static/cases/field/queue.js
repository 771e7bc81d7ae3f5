// What waits to be sent, in the order in which it was done. What belongs together (photos and their step) shares a group.
import { got, within } from "./store.js";

export const WAITING = "waiting";
export const REFUSED = "refused";
const ALL = ["kept", "queue", "photos"];
// what changes a case for others, and so names the version on which it was done
const MOVES = new Set(["step", "take"]);

export const all = (account) =>
  within(["queue"], "readonly", ({ queue }) => got(queue.getAll())).then((ops) => (account ? ops.filter((op) => op.account === account) : ops));

// Photos first, then what they show: the platform asks for them before it takes the step.
export async function add(account, act, pictures = []) {
  const group = crypto.randomUUID();
  const base = { account, group, state: WAITING, at: new Date().toISOString() };
  const main = act && { ...base, ...act, key: crypto.randomUUID() };
  const photos = pictures.map((picture) => ({
    ...base,
    kind: "photo",
    key: crypto.randomUUID(),
    case_id: act?.kind === "report" ? null : picture.case_id,
    of: act?.kind === "report" ? main.key : null,
    name: picture.name,
    size: picture.blob.size,
    sha256: picture.sha256,
    spot: picture.spot,
  }));
  const ops = act?.kind === "report" ? [main, ...photos] : main ? [...photos, main] : photos;
  await within(["queue", "photos"], "readwrite", async (stores) => {
    await Promise.all(photos.map((op, i) => got(stores.photos.put({ key: op.key, blob: pictures[i].blob }))));
    for (const op of ops) await got(stores.queue.add(op));
  });
  return group;
}

export const thing = (op) => op.case_id ?? op.of ?? op.key;

// the first that nothing before it holds up
export function next(ops) {
  const held = new Set();
  for (const op of ops) {
    if (op.state === WAITING && !held.has(thing(op)) && !(op.kind === "photo" && !op.case_id)) return op;
    held.add(thing(op));
  }
  return null;
}

export const keep = (op) => within(["queue"], "readwrite", ({ queue }) => got(queue.put(op)));
export const picture = (key) => within(["photos"], "readonly", ({ photos }) => got(photos.get(key))).then((row) => row?.blob ?? null);

// Done over there: what came back and that it need not be sent again are written together, or neither.
export const settle = (op, result) =>
  within(ALL, "readwrite", async ({ kept, queue, photos }) => {
    await got(queue.delete(op.seq));
    if (op.kind === "photo") await got(photos.delete(op.key));
    for (const other of await got(queue.getAll())) {
      if (other.account !== op.account) continue;
      if (op.kind === "report" && other.of === op.key) await got(queue.put({ ...other, case_id: result.case_id, of: null }));
      // what was done on top of this goes on from the version that it made
      if (MOVES.has(op.kind) && MOVES.has(other.kind) && other.case_id === op.case_id && other.state === WAITING && !other.body)
        await got(queue.put({ ...other, version: result.version }));
    }
    const row = await got(kept.get("work"));
    if (!row || row.value.account.id !== op.account) return;
    const work = row.value;
    const others = work.cases.filter((one) => one.id !== result.case_id);
    const was = work.cases.findIndex((one) => one.id === result.case_id);
    if (result.case) others.splice(was < 0 ? others.length : was, 0, result.case);
    await got(kept.put({ name: "work", value: { ...work, cases: others, kinds: { ...work.kinds, ...result.kinds } } }));
  });

export const refuse = (op, problem) => keep({ ...op, state: REFUSED, problem });

// Discards an act with its photos, and what was done on the same case after it, which stood upon it.
export const discard = (op) =>
  within(["queue", "photos"], "readwrite", async ({ queue, photos }) => {
    const ops = await got(queue.getAll());
    const gone = ops.filter(
      (other) =>
        other.account === op.account &&
        (other.group === op.group || (other.seq > op.seq && thing(other) === thing(op) && op.kind !== "comment") || (op.kind === "report" && other.of === op.key)),
    );
    for (const one of gone) {
      await got(queue.delete(one.seq));
      await got(photos.delete(one.key));
    }
    return gone.map((one) => one.key);
  });

// Sends a refused act once more, as a new one: on the case as it is now.
export const again = (op, version) =>
  within(["queue", "photos"], "readwrite", async ({ queue, photos }) => {
    const { problem, body, ...rest } = op;
    const key = crypto.randomUUID();
    if (op.kind === "photo") {
      const row = await got(photos.get(op.key));
      await got(photos.delete(op.key));
      await got(photos.put({ ...row, key }));
    }
    if (op.kind === "report")
      for (const other of await got(queue.getAll())) if (other.of === op.key) await got(queue.put({ ...other, of: key }));
    await got(queue.put({ ...rest, key, state: WAITING, ...(MOVES.has(op.kind) && version ? { version } : {}) }));
  });

// The case as it will be when everything that waits for it has been sent.
export function projected(one, kinds, ops) {
  const kind = kinds[one.kind];
  const mine = ops.filter((op) => op.case_id === one.id);
  const deeds = new Set(one.deeds);
  let { state, whose } = one;
  let leaves = false;
  for (const op of mine) {
    if (op.state !== WAITING) continue;
    if (op.kind === "take") whose = "mine";
    if (op.kind !== "step") continue;
    const step = kind.steps.find((s) => s.name === op.action);
    if (step) {
      state = step.target;
      leaves = step.releases || kind.states[state].final;
    } else {
      const deed = kind.deeds?.find((d) => d.name === op.action);
      for (const name of deed?.ends ?? []) deeds.delete(name);
      for (const name of deed?.starts ?? []) deeds.add(name);
    }
  }
  const refused = mine.some((op) => op.state === REFUSED);
  const still = leaves || refused;
  const steps = still ? [] : kind.steps.filter((s) => s.sources.includes(state) && one.may.includes(s.may));
  const beside = still ? [] : (kind.deeds ?? []).filter((d) => deeds.has(d.name));
  return { ...one, state, whose, title_of_state: kind.states[state].title, title_of_kind: kind.title, waiting: mine, refused, leaves, steps, beside };
}
