// Sends what waits, one after the other, and fetches the cases anew. Whatever breaks off goes on where it was: an act keeps its id
// until the platform has said what became of it.
import { say } from "onecity/words.js";
import * as queue from "./queue.js";
import { forget, life, read, write } from "./store.js";
import { Refused, Unsent, ask } from "./wire.js";

const PIECE = Number(document.documentElement.dataset.piece) || 65_536;
const SMALLEST = 16_384;
const QUICK = 2_000;
const MOST_TRIES = 5;
const FIRST_WAIT = 4_000;
const LONGEST_WAIT = 120_000;
export const status = { link: "connecting", sending: null, share: 0, sent: 0, at: null };
let wait = FIRST_WAIT;
let timer;
let wanted = false;
let running = false;
// as large as the network bears: half after a piece that did not arrive, double after a quick one
let piece = Math.min(PIECE, 65_536);
const OTHER_TAB = 3_000;

const changed = () => document.dispatchEvent(new Event("field:changed"));
function become(values) {
  Object.assign(status, values);
  changed();
}

// Asked for while it runs it runs once more; while another tab is at it this one waits.
export async function sync() {
  clearTimeout(timer);
  if (life.over) return;
  wanted = true;
  await navigator.locks.request("onecity-field-sync", { ifAvailable: true }, async (lock) => {
    if (!lock) {
      if (!running) timer = setTimeout(sync, OTHER_TAB);
      return;
    }
    running = true;
    while (wanted) {
      wanted = false;
      await once();
    }
    running = false;
  });
}

async function once() {
  try {
    const work = await fetched();
    await sendAll(work.account.id);
    if (status.sent) await fetched();
    wait = FIRST_WAIT;
    become({ link: "on", sending: null, sent: 0, at: new Date() });
  } catch (error) {
    if (life.over) return;
    if (!(error instanceof Unsent)) throw error;
    if (error.why === "away") await forget();
    const links = { lost: "off", broken: "later" };
    become({ link: links[error.why] ?? error.why, sending: null });
    timer = setTimeout(sync, Math.max(wait, error.seconds * 1000));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

// Somebody else's cases never stay: the account that is signed in now is the one whose work is kept.
async function fetched() {
  const work = await refusedIsLater(ask("/field/work"));
  await write("work", work);
  await write("account", work.account);
  become({ link: "on", at: new Date() });
  document.dispatchEvent(new CustomEvent("field:fetched", { detail: work }));
  return work;
}

async function refusedIsLater(promise) {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof Refused ? new Unsent("forbidden") : error;
  }
}

async function sendAll(account) {
  for (let op; (op = queue.next(await queue.all(account))); ) {
    become({ sending: op.key, share: 0 });
    try {
      const result = await send(op, account);
      await queue.settle(op, result);
      status.sent += 1;
    } catch (error) {
      if (error instanceof Refused) await queue.refuse(op, error.problem);
      else if (error.why === "broken") await setAside(op);
      else throw error;
    }
  }
}

// One act over which the platform fails again and again does not hold up the others; it stays, and can be sent by hand.
async function setAside(op) {
  op.tries = (op.tries ?? 0) + 1;
  if (op.tries >= MOST_TRIES) return queue.refuse(op, { code: "broken", title: say("The platform could not take this. It is kept here; tell the administrator.") });
  await queue.keep(op);
  throw new Unsent("later");
}

const acts = {
  step: (op) => ({ kind: "step", key: op.key, spot: op.spot, case_id: op.case_id, action: op.action, version: op.version, note: op.note, data: op.data }),
  take: (op) => ({ kind: "take", key: op.key, spot: op.spot, case_id: op.case_id, version: op.version }),
  comment: (op) => ({ kind: "comment", key: op.key, spot: op.spot, case_id: op.case_id, note: op.note }),
  report: (op) => ({ kind: "report", key: op.key, spot: op.spot, ...op.report }),
};

async function send(op, account) {
  if (op.kind === "photo") return sendPhoto(op, account);
  // the very same bytes each time it is sent, whatever version of this application sends them
  if (!op.body) {
    op.body = JSON.stringify(acts[op.kind](op));
    await queue.keep(op);
  }
  return ask("/field/acts", { account, body: op.body });
}

async function sendPhoto(op, account) {
  const blob = await queue.picture(op.key);
  if (!blob) throw new Refused({ code: "gone", title: say("The photo is no longer on this phone."), detail: "" });
  for (let tries = 0; ; tries += 1) {
    await sendPieces(op, blob, account);
    try {
      if (!op.body) {
        op.body = JSON.stringify({ case_id: op.case_id, spot: op.spot, name: op.name });
        await queue.keep(op);
      }
      return await ask(`/field/photos/${op.key}/finish`, { account, body: op.body });
    } catch (error) {
      const anew = error instanceof Refused && ["field-broken", "field-gap", "field-not-begun"].includes(error.problem.code);
      if (!anew || tries > 2) throw error;
      await ask(`/field/photos/${op.key}/forget`, { account, body: "{}" });
    }
  }
}

async function sendPieces(op, blob, account) {
  const begun = await ask("/field/photos", { account, body: JSON.stringify({ key: op.key, size: op.size, sha256: op.sha256 }) });
  let { received } = begun;
  while (!begun.done && received < op.size) {
    ({ received } = await sendPiece(`/field/photos/${op.key}/${received}`, blob.slice(received, received + piece), account));
    become({ share: received / op.size });
  }
}

async function sendPiece(path, body, account) {
  const since = Date.now();
  try {
    const answer = await ask(path, { account, body });
    if (Date.now() - since < QUICK) piece = Math.min(PIECE, piece * 2);
    return answer;
  } catch (error) {
    if (error.why === "lost") piece = Math.max(SMALLEST, piece / 2);
    throw error;
  }
}

export async function start() {
  addEventListener("online", sync);
  addEventListener("offline", () => become({ link: "off" }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sync());
  const work = await read("work");
  if (work && Date.now() - Date.parse(work.at) > work.forget_hours * 3_600_000) await forget();
  await sync();
}
