// Time series: <div class="chart" data-chart="timeseries" data-src="/api/…"> becomes a chart with its table and exports.
import { dark, lines, onThemeChange, severityColour, token } from "onecity/colours.js";
import { clock, clockSeconds, day, full, moment, number, quantity, say } from "onecity/words.js";

let library = null;
const load = () => (library ??= import("echarts"));

export async function mount(element) {
  const view = { element, data: null, chart: null };
  element.setAttribute("aria-busy", "true");
  try {
    view.data = await fetchData(element);
    await draw(view);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof LoadError)) throw error;
    fail(element);
  } finally {
    element.removeAttribute("aria-busy");
  }
  return view;
}

class LoadError extends Error {}

async function fetchData(element) {
  const inline = element.querySelector('script[type="application/json"]');
  if (inline) return JSON.parse(inline.textContent);
  const response = await fetch(element.dataset.src, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new LoadError(String(response.status));
  return response.json();
}

function fail(element) {
  element.innerHTML = "";
  const box = document.createElement("div");
  box.className = "state";
  const text = document.createElement("p");
  text.textContent = say("The chart could not be loaded.");
  const button = document.createElement("button");
  button.className = "btn small";
  button.textContent = say("Try again");
  button.addEventListener("click", () => {
    element.replaceChildren();
    mount(element);
  });
  box.append(text, button);
  element.append(box);
}

const empty = (data) => data.series.every((series) => series.points.every((point) => point[1] === null));

async function draw(view) {
  const { element, data } = view;
  element.replaceChildren();
  if (data.series.length === 0 || empty(data)) {
    const box = document.createElement("div");
    box.className = "state";
    box.textContent = say("No measurements in this period.");
    element.append(box);
    return;
  }
  const tools = document.createElement("div");
  tools.className = "chart-tools";
  const canvas = document.createElement("div");
  canvas.className = "chart-canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", summary(data));
  const table = tableOf(data);
  table.hidden = true;
  element.append(tools, canvas, table);
  const echarts = await load();
  view.chart = echarts.init(canvas, null, { renderer: "canvas" });
  view.chart.setOption(options(data, canvas));
  toolbar(view, tools, canvas, table);
  new ResizeObserver(() => {
    view.chart.resize();
    view.chart.setOption(options(data, canvas));
  }).observe(canvas);
  onThemeChange(() => view.chart.setOption(options(data, canvas), true));
}

function summary(data) {
  const told = data.series.map((series) => {
    const known = series.points.filter((point) => point[1] !== null);
    const values = known.map((point) => point[1]);
    if (!values.length) return `${series.name}: ${say("no data")}`;
    return say("{name}: last {last}, lowest {low}, highest {high}", {
      name: series.name,
      last: quantity(values.at(-1), series.unit, series.decimals),
      low: quantity(Math.min(...values), series.unit, series.decimals),
      high: quantity(Math.max(...values), series.unit, series.decimals),
    });
  });
  return [data.title, ...told].filter(Boolean).join(". ");
}

// two points further apart than `gap_seconds` are not joined: what was not measured is not drawn
function withGaps(points, gapSeconds) {
  if (!gapSeconds) return points;
  const out = [];
  points.forEach((point, index) => {
    const before = points[index - 1];
    if (before && point[0] - before[0] > gapSeconds * 1000) out.push([before[0] + 1, null]);
    out.push(point);
  });
  return out;
}

// seconds where the whole chart is minutes, days where midnight passes
const axisTime = (span) => (value) => {
  const date = new Date(value);
  if (span < 900_000) return clockSeconds(date);
  const text = clock(date);
  return text === "00:00" ? day(date, false) : text;
};

function spanOf(data) {
  const times = data.series.flatMap((series) => [series.points[0]?.[0], series.points.at(-1)?.[0]]).filter(Number.isFinite);
  return Math.max(...times) - Math.min(...times);
}

function options(data, canvas) {
  const palette = lines();
  const narrow = canvas.clientWidth < 480;
  const several = data.series.length > 1;
  const unit = data.series[0].unit || "";
  const text = { color: token("--ink-2"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  return {
    animation: false,
    textStyle: text,
    darkMode: dark(),
    grid: { left: 8, right: several ? (narrow ? 56 : 96) : narrow ? 24 : 64, top: 28, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("--raised"), borderColor: token("--line-hard"),
      textStyle: { ...text, color: token("--ink") }, formatter: (items) => tip(items, data),
    },
    xAxis: {
      type: "time", splitNumber: narrow ? 3 : 6, axisLine: { lineStyle: { color: token("--line-hard") } },
      axisLabel: { color: token("--ink-2"), hideOverlap: true, formatter: axisTime(spanOf(data)) }, axisPointer: { label: { show: false } },
    },
    yAxis: {
      type: "value", name: unit, nameTextStyle: { ...text, align: "left" }, scale: data.zero !== true,
      min: data.minimum ?? undefined, max: (range) => topOf(range, data), splitNumber: 4,
      axisLabel: { color: token("--ink-2"), formatter: (value) => number(value, Number.isInteger(value) ? 0 : 1) },
      splitLine: { lineStyle: { color: token("--line-soft") } },
    },
    series: data.series.map((series, index) => line(series, index, data, palette, several)),
  };
}

function topOf(range, data) {
  const near = (data.thresholds || []).map((t) => t.value).filter((value) => value <= range.max * 1.6 && value > range.max);
  return near.length ? Math.min(...near) * 1.04 : null;
}

function line(series, index, data, palette, several) {
  const first = index === 0;
  return {
    name: series.name, type: "line", showSymbol: false, connectNulls: false, sampling: "lttb", color: palette[index % palette.length],
    lineStyle: { width: 1.75, type: index ? [6, 3] : "solid" }, emphasis: { disabled: true },
    data: withGaps(series.points, data.gap_seconds),
    step: series.step ? "end" : undefined,
    endLabel: { show: several, formatter: series.name, color: palette[index % palette.length], fontSize: 12, distance: 6 },
    markLine: first ? marks(data) : undefined,
    markArea: first ? areas(data) : undefined,
  };
}

function marks(data) {
  const limits = (data.thresholds || []).map((limit) => ({
    yAxis: limit.value,
    label: { formatter: limit.label || number(limit.value), position: "insideEndTop", color: token("--ink-2"), fontSize: 11 },
    lineStyle: { color: limit.severity ? severityColour(limit.severity) : token("--ink-3"), type: "dashed", width: 1.5 },
  }));
  const events = (data.events || []).map((event) => ({
    xAxis: event.at,
    label: { formatter: event.label || "", color: token("--ink-2"), fontSize: 11, position: "insideEndTop", rotate: 0 },
    lineStyle: { color: event.severity ? severityColour(event.severity) : token("--ink-3"), type: "solid", width: 1 },
  }));
  return { symbol: "none", silent: true, data: [...limits, ...events] };
}

function areas(data) {
  const bands = (data.bands || []).map((band) => [
    { xAxis: band.from, itemStyle: { color: severityColour(band.severity || "blue"), opacity: 0.12 }, name: band.label || "", label: { color: token("--ink-2"), fontSize: 11 } },
    { xAxis: band.to ?? data.series[0].points.at(-1)[0] },
  ]);
  return { silent: true, data: bands };
}

function tip(items, data) {
  const shown = items.filter((item) => item.value[1] !== null);
  if (!shown.length) return "";
  const rows = shown.map((item) => {
    const series = data.series[item.seriesIndex];
    return `${series.name}  ${quantity(item.value[1], series.unit, series.decimals)}`;
  });
  return [moment(new Date(shown[0].value[0])), ...rows].join("\n");
}

function rowsOf(data) {
  const times = [...new Set(data.series.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
  const maps = data.series.map((series) => new Map(series.points));
  return times.map((time) => [time, ...maps.map((values) => values.get(time) ?? null)]);
}

function tableOf(data) {
  const wrap = document.createElement("div");
  wrap.className = "table-wrap chart-table";
  wrap.tabIndex = 0;
  const table = document.createElement("table");
  const caption = table.createCaption();
  caption.textContent = data.title || "";
  const head = table.createTHead().insertRow();
  for (const name of [say("Time"), ...data.series.map((s) => (s.unit ? `${s.name} (${s.unit})` : s.name))]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [time, ...values] of rowsOf(data).reverse().slice(0, 500)) {
    const row = body.insertRow();
    row.insertCell().textContent = full(new Date(time));
    values.forEach((value, index) => {
      const cell = row.insertCell();
      cell.className = "number";
      cell.textContent = number(value, data.series[index].decimals);
    });
  }
  wrap.append(table);
  return wrap;
}

function toolbar(view, tools, canvas, table) {
  const button = (label, action) => {
    const node = document.createElement("button");
    node.type = "button";
    node.className = "btn plain small";
    node.textContent = label;
    node.addEventListener("click", () => action(node));
    tools.append(node);
    return node;
  };
  const toggle = button(say("Table"), () => {
    table.hidden = !table.hidden;
    canvas.hidden = !table.hidden;
    toggle.textContent = table.hidden ? say("Table") : say("Chart");
    toggle.setAttribute("aria-pressed", String(!table.hidden));
  });
  button("PNG", () => {
    const url = view.chart.getDataURL({ pixelRatio: 2, backgroundColor: token("--surface") });
    save(url, `${fileName(view.data)}.png`);
  });
  button("CSV", () => {
    const quote = (value) => `"${String(value).replaceAll('"', '""')}"`;
    const head = [say("Time"), ...view.data.series.map((s) => (s.unit ? `${s.name} (${s.unit})` : s.name))].map(quote);
    const body = rowsOf(view.data).map(([time, ...values]) => [new Date(time).toISOString(), ...values.map((v) => v ?? "")]);
    const text = "\ufeff" + [head, ...body].map((row) => row.join(",")).join("\r\n");
    save(URL.createObjectURL(new Blob([text], { type: "text/csv" })), `${fileName(view.data)}.csv`);
  });
}

const fileName = (data) => (data.title || "onecity").replace(/[\\/:*?"<>|\s]+/g, "-");

function save(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

// charts load when they come near the window, so that a long page opens at once
const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      mount(entry.target);
    }
  },
  { rootMargin: "300px" },
);
const seen = new WeakSet();
export function scan(root = document) {
  for (const element of root.querySelectorAll("[data-chart]")) {
    if (!seen.has(element)) near.observe(element);
    seen.add(element);
  }
}
scan();
document.addEventListener("onecity:changed", () => scan());
