// The picture just chosen, shown from the person's own device: it never leaves this tab.

/** @type {{url: string, where: string, file: File | null}} */
let shown = { url: "", where: "", file: null };

/** An address of a picture of the file, for this tab alone; null where the browser cannot draw it. */
export async function picture(file) {
  if (!file.type.startsWith("video/")) return URL.createObjectURL(file);
  const still = await firstFrame(file);
  return still && URL.createObjectURL(still);
}

async function firstFrame(file) {
  const clip = document.createElement("video");
  clip.muted = true;
  clip.preload = "auto";
  clip.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      clip.onloadeddata = resolve;
      clip.onerror = reject;
      setTimeout(reject, 4000);
    });
    const canvas = document.createElement("canvas");
    canvas.width = clip.videoWidth;
    canvas.height = clip.videoHeight;
    canvas.getContext("2d")?.drawImage(clip, 0, 0);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(clip.src);
  }
}

/** Show a picture in the pages of one analysis. */
export function show(url, where, file = null) {
  if (shown.url && shown.url !== url) URL.revokeObjectURL(shown.url);
  shown = { url, where, file };
  fill();
}

/** The picture file that this tab has sent for that page, or null. */
export const chosenFile = (where) =>
  shown.where === where && shown.file?.type.startsWith("image/") ? shown.file : null;

document.addEventListener("htmx:afterSettle", fill);

function fill() {
  if (!shown.url || location.pathname !== shown.where) return;
  for (const image of document.querySelectorAll("img[data-preview]")) {
    const before = image.getAttribute("src"); // the server's reduced copy, where there is one
    if (before === shown.url) continue;
    image.onerror = () => {
      image.onerror = null;
      if (before) image.src = before;
      else image.hidden = true;
    };
    image.src = shown.url;
    image.hidden = false;
  }
}
