// Thumbnails for the list of a page's checks: made from the file that is judged, so that nothing is loaded for them.

const SIDE = 56;

/** A small picture as a data URL; null where the file is none that this browser can draw, as a video is. */
export async function thumbOf(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = SIDE / Math.min(picture.width, picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    picture.close();
    const bytes = new Uint8Array(
      await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.7 })).arrayBuffer(),
    );
    return `data:image/jpeg;base64,${btoa(String.fromCharCode(...bytes))}`;
  } catch {
    return null;
  }
}
