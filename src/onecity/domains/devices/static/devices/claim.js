// Takes the phone's position into the form; without a position or without JavaScript it is typed in.
const button = document.querySelector("#locate");
const said = document.querySelector("#located");

function take({ coords }) {
  document.querySelector("#id_lon").value = coords.longitude.toFixed(6);
  document.querySelector("#id_lat").value = coords.latitude.toFixed(6);
  said.textContent = `${said.dataset.found} ${Math.round(coords.accuracy)}`;
}

if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const options = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 0 };
    navigator.geolocation.getCurrentPosition(take, () => { said.textContent = said.dataset.failed; }, options);
  });
}
