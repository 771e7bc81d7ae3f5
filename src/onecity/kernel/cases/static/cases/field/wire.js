// Requests to the platform, and what each kind of answer means for what waits to be sent.
const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
const PATIENCE = 30_000;

// `lost`: nobody knows whether it arrived; `away`: sign in first; `later`: the platform asks for time; `broken`: it failed over this
export class Unsent extends Error {
  constructor(why, seconds = 0) {
    super(why);
    this.why = why;
    this.seconds = seconds;
  }
}

// `problem`: what the platform will not do, and why (RFC 9457)
export class Refused extends Error {
  constructor(problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export async function ask(path, { account, body } = {}) {
  const headers = { Accept: "application/json" };
  if (account) headers["X-Field-Account"] = account;
  if (body !== undefined) {
    headers["X-CSRFToken"] = cookie("csrftoken");
    headers["Content-Type"] = body instanceof Blob ? "application/octet-stream" : "application/json";
  }
  const options = { method: body === undefined ? "GET" : "POST", body, headers, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Unsent("lost");
  }
  return understood(answer);
}

async function understood(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new Unsent("away");
  if (answer.status === 500) throw new Unsent("broken");
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
    throw new Unsent("later", Number(answer.headers.get("Retry-After")) || 0);
  let told;
  try {
    told = await answer.json();
  } catch {
    // cut off midway, or the sign-in page of a public network
    throw new Unsent(answer.ok ? "lost" : "later");
  }
  if (answer.ok) return told;
  if (told.code === "other-account") throw new Unsent("away");
  // an old page's token says nothing about the act itself
  if (answer.status === 403 && told.code !== "forbidden") throw new Unsent("later");
  throw new Refused(told);
}
