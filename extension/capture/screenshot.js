// The last step that still shows something: crops of the visible tab. Browsers allow two such pictures a second.

import { hold } from "../checks/bytes.js";
import { pause } from "../api.js";

const BETWEEN = 0.55; // seconds

/** @type {Promise<any>} */
let turn = Promise.resolve();
let last = 0;

/**
 * Take a picture of the visible tab and hold each crop under its key.
 *
 * `shots` are `{key, rect}` with rectangles in CSS pixels of the viewport, `width` is the viewport's in the same unit.
 */
export function shoot(tab, shots, width) {
  const taken = turn.then(() => take(tab, shots, width));
  turn = taken.catch(() => {});
  return taken;
}

async function take(tab, shots, width) {
  await pause(Math.max(0, BETWEEN - (Date.now() - last) / 1000));
  let picture;
  try {
    if (!(await chrome.tabs.get(tab.id)).active) return { problem: "not-visible" };
    picture = await chrome.tabs.captureVisibleTab(tab.windowId, { format: "png" });
  } catch {
    return { problem: "not-allowed" };
  } finally {
    last = Date.now(); // a slow browser counts from when it heard of it, not from when it was asked
  }
  const page = await createImageBitmap(await (await fetch(picture)).blob());
  const scale = page.width / width;
  const held = [];
  for (const { key, rect } of shots) {
    const [x, y] = [Math.round(rect.x * scale), Math.round(rect.y * scale)];
    const [w, h] = [
      Math.min(Math.round(rect.width * scale), page.width - x),
      Math.min(Math.round(rect.height * scale), page.height - y),
    ];
    if (w < 8 || h < 8) continue;
    const canvas = new OffscreenCanvas(w, h);
    canvas.getContext("2d")?.drawImage(page, x, y, w, h, 0, 0, w, h);
    hold(key, await canvas.convertToBlob({ type: "image/png" }));
    held.push(key);
  }
  page.close();
  return { held };
}
