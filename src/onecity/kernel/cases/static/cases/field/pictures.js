// Photos as they are kept for sending: whole up to a size that a weak network bears, smaller beyond.
import { taken } from "./spot.js";

const BEARABLE = 2_500_000;
const LONGEST = 2_400;

export async function prepared(file, place, case_id) {
  const blob = file.size <= BEARABLE ? file : await smaller(file);
  // the bytes themselves, not the handle of a file that the phone may clear away
  const bytes = await blob.arrayBuffer();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { blob: new Blob([bytes], { type: blob.type }), sha256, name: file.name, spot: taken(file, place), case_id };
}

async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const share = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * share), Math.round(bitmap.height * share));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}
