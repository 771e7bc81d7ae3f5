// What a phone adds to the residents' pages: its position, the photos chosen, and the code behind the # of a scanned address.
const locate = document.querySelector("[data-locate]");
const state = document.querySelector("[data-locate-state]");
const photos = document.querySelector("input[type=file][data-photos]");
const list = document.querySelector("[data-photo-list]");
const find = document.querySelector("[data-find]");

if (locate && "geolocation" in navigator) {
  locate.hidden = false;
  locate.addEventListener("click", () => {
    locate.disabled = true;
    state.textContent = state.dataset.looking;
    navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 });
  });
}

function found({ coords }) {
  for (const [name, value] of [["lon", coords.longitude], ["lat", coords.latitude]]) {
    const field = document.querySelector(`input[name=${name}]`);
    field.value = value.toFixed(6);
    field.dispatchEvent(new Event("change"));
  }
  locate.disabled = false;
  state.textContent = state.dataset.found.replace("{n}", Math.round(coords.accuracy));
}

function failed() {
  locate.disabled = false;
  state.textContent = state.dataset.failed;
}

photos?.addEventListener("change", () => {
  list.replaceChildren(
    ...[...photos.files].slice(0, 4).map((file) => {
      const item = document.createElement("li");
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      image.onload = () => URL.revokeObjectURL(image.src);
      item.append(image);
      return item;
    }),
  );
  list.hidden = !photos.files.length;
});

if (find && location.hash.length > 1) {
  const [number, code] = decodeURIComponent(location.hash.slice(1)).split("/");
  history.replaceState(null, "", location.pathname);
  if (number && code) {
    find.querySelector("[name=number]").value = number;
    find.querySelector("[name=code]").value = code;
    find.submit();
  }
}

// kinds that fit the words, offered while the rest is filled in; what was typed before this script was there counts too
const offered = document.querySelector("[data-kinds]");
const written = offered?.closest("form").elements.text;
async function offer() {
  const data = new URLSearchParams();
  for (const name of ["text", "division", "csrfmiddlewaretoken"]) data.set(name, written.form.elements[name].value);
  const answer = await fetch(offered.dataset.kinds, { method: "POST", body: data }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  offered.replaceChildren(...fresh.body.childNodes);
}
written?.addEventListener("change", offer);
if (written?.value && document.activeElement !== written) offer();
offered?.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-kind]");
  if (button) button.form.elements.kind.value = button.value;
});
