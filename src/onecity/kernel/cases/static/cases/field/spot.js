// Where the phone is, as well as it knows; and when something was taken.
const OPTIONS = { enableHighAccuracy: true, timeout: 10_000, maximumAge: 30_000 };
// a picture that was taken longer ago was not taken where the phone is now
const FRESH = 10 * 60_000;

export const here = () =>
  new Promise((ok) => {
    if (!navigator.geolocation) return ok(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => ok({ lon: coords.longitude, lat: coords.latitude, accuracy: Math.min(coords.accuracy, 1e7) }),
      () => ok(null),
      OPTIONS,
    );
  });

export const spot = (place, at = new Date()) => ({ at: at.toISOString(), ...(place ?? {}) });

export function taken(file, place) {
  const at = new Date(Math.min(file.lastModified || Date.now(), Date.now()));
  return spot(Date.now() - at < FRESH ? place : null, at);
}
