// "Near me": the phone's position, to about a hundred metres, since it stands in the address; without it one chooses a town.
const button = document.querySelector("[data-near]");
const state = document.querySelector("[data-near-state]");

if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.form.elements.lon.value = coords.longitude.toFixed(3);
        button.form.elements.lat.value = coords.latitude.toFixed(3);
        button.form.submit();
      },
      () => {
        button.disabled = false;
        state.textContent = state.dataset.failed;
      },
      { timeout: 15_000, maximumAge: 60_000 },
    );
  });
}
