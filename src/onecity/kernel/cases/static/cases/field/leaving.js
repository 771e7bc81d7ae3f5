// Signing out: everything that the phone keeps goes, after a word about what was not sent.
import { say } from "onecity/words.js";
import { all } from "./queue.js";
import { wipe } from "./store.js";

export async function leave() {
  const waiting = await all();
  if (waiting.length && !confirm(say("{count} entries have not been sent. If you sign out now they are lost. Sign out all the same?", { count: waiting.length }))) return;
  await wipe();
  const worker = await navigator.serviceWorker?.getRegistration("/field");
  await worker?.unregister();
  const token = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice(10) ?? "";
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/accounts/logout/";
  const input = document.createElement("input");
  input.name = "csrfmiddlewaretoken";
  input.value = token;
  input.type = "hidden";
  form.append(input);
  document.body.append(form);
  form.submit();
}
