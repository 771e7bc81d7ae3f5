// The tokens of the style sheet for canvases: charts and maps use the same colours and shapes as the page.
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const severities = ["blue", "yellow", "orange", "red"];
export const severityColour = (level) => token(`--sev-${level}`) || token("--ink-3");

export function dark() {
  const theme = document.documentElement.dataset.theme;
  return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}

export const onThemeChange = (handler) => matchMedia("(prefers-color-scheme: dark)").addEventListener("change", handler);

// a small palette for lines that mean nothing but "another series"; told apart by dash and label too
export const lines = () => (dark() ? ["#56c2cc", "#c79bf2", "#e0a458", "#8fb4ff"] : ["#0b6670", "#7a3fb0", "#9a5b00", "#2b5bb5"]);
