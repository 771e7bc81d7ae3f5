// Words and figures in the reader's language: the sentences come from the page, numbers and times from the browser.
const node = document.getElementById("words");
const given = node ? JSON.parse(node.textContent) : {};
const root = document.documentElement;
export const language = root.lang || "zh-Hans";
export const zone = root.dataset.zone || undefined;

export const say = (key, values = {}) => (given[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export function number(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const places = decimals ?? (Number.isInteger(value) ? 0 : 1);
  const text = new Intl.NumberFormat(language, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
  return text.replace(/^-0(?=$|\.0*$)/, "0").replace("-", "−");
}

export const quantity = (value, unit, decimals) => (unit ? `${number(value, decimals)} ${unit}` : number(value, decimals));

const parts = (date) =>
  Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    })
      .formatToParts(date)
      .map((part) => [part.type, part.value]),
  );
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const chinese = language.startsWith("zh");

export function day(date, withYear = true) {
  const p = parts(date);
  if (chinese) return `${withYear ? `${p.year}年` : ""}${+p.month}月${+p.day}日`;
  return `${+p.day} ${MONTHS[p.month - 1]}${withYear ? ` ${p.year}` : ""}`;
}

export const clock = (date) => `${parts(date).hour}:${parts(date).minute}`;
export const clockSeconds = (date) => `${clock(date)}:${parts(date).second}`;

export function moment(date, now = new Date()) {
  const [p, n] = [parts(date), parts(now)];
  if (p.year === n.year && p.month === n.month && p.day === n.day) return clock(date);
  return `${day(date, p.year !== n.year)} ${clock(date)}`;
}

export const full = (date) => `${day(date)} ${clock(date)} (${root.dataset.offset || ""})`;

const unit = (count, name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(count);

export function duration(seconds) {
  const total = Math.floor(Math.abs(seconds));
  const minutes = Math.floor(total / 60);
  if (minutes < 1) return unit(total, "second");
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const out = [];
  if (days) out.push(unit(days, "day"));
  if (hours % 24 && days < 3) out.push(unit(hours % 24, "hour"));
  if (minutes % 60 && !days && hours < 6) out.push(unit(minutes % 60, "minute"));
  return out.join(chinese ? "" : " ");
}

export function ago(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  return seconds < 45 ? say("just now") : say("{span} ago", { span: duration(seconds) });
}

export function announce(text) {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

export function toast(text) {
  const region = document.getElementById("toasts");
  if (!region) return;
  // said again it stands once: several of the same hide the page and tell nothing more
  for (const old of region.children) if (old.textContent === text) old.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = text;
  region.append(box);
  setTimeout(() => box.remove(), 6000);
}
