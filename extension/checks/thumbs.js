// Small pictures: thumbnails for the list of a page's checks, made from the file that is sent, so that nothing is loaded
// for them; and the evidence map for a card.

import { picture } from "../api.js";

const SIDE = 56;
const MAP = 640; // pixels of a map's longer side

/** A small picture as a data URL; null where the file is none that this browser can draw, as a video is. */
export async function thumbOf(file) {
  try {
    const drawn = await createImageBitmap(file);
    const scale = SIDE / Math.min(drawn.width, drawn.height);
    const [width, height] = [drawn.width * scale, drawn.height * scale];
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.imageSmoothingQuality = "high";
    context.drawImage(drawn, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    drawn.close();
    return `data:image/jpeg;base64,${await base64Of(canvas)}`;
  } catch {
    return null;
  }
}

/** The picture with its evidence map over it, as the base64 of a JPEG. */
export async function mapOf(credentials, map) {
  const files = await Promise.all([picture(credentials, map.picture), picture(credentials, map.overlay)]);
  const layers = await Promise.all(files.map((file) => createImageBitmap(file)));
  const { width, height } = layers[1];
  const scale = Math.min(1, MAP / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  for (const layer of layers) {
    context.drawImage(layer, 0, 0, canvas.width, canvas.height);
    layer.close();
  }
  return base64Of(canvas);
}

async function base64Of(canvas) {
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 })).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}
