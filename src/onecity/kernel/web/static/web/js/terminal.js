// A machine for many people: counts down since the last touch, says so, and leaves when it is over.
const bar = document.querySelector("[data-idle]");
if (bar) {
  const idle = Number(bar.dataset.idle);
  const left = bar.querySelector("[data-left]");
  let last = Date.now();
  let told = Date.now();
  const touched = () => {
    last = Date.now();
    // the server counts too: tell it now and then while somebody types
    if (last - told > (idle * 1000) / 4) {
      told = last;
      fetch("/kiosk/touch", { method: "POST", headers: { "X-CSRFToken": bar.querySelector("[name=csrfmiddlewaretoken]").value } });
    }
  };
  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, touched, { passive: true });
  const timer = setInterval(() => {
    const seconds = Math.max(0, idle - Math.floor((Date.now() - last) / 1000));
    left.textContent = String(seconds);
    bar.toggleAttribute("data-soon", seconds <= 30);
    if (seconds === 0) {
      clearInterval(timer);
      location.replace(bar.dataset.leave);
    }
  }, 1000);
}
