// The background's step of the ladder: with the extension's own permission for a host, which pages do not have.

import { hold } from "../checks/bytes.js";
import { patternOf } from "../settings.js";

const PATIENCE = 25_000;
const SHAPE = 0.04;

/**
 * Get a file and hold it under the key: `{held}`, or `{problem}`: `no-host`, `too-large`, `failed`.
 * `measured` is width / height of what is shown: a file of another shape is another picture.
 */
export async function get(key, address, { most, measured }) {
  if (!/^https?:/.test(address)) return { problem: "failed" };
  if (!(await chrome.permissions.contains({ origins: [patternOf(address)] }))) return { problem: "no-host" };
  try {
    const answer = await fetch(address, {
      credentials: "include",
      cache: "force-cache",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const type = answer.headers.get("Content-Type") ?? "";
    if (!answer.ok || /^text\/html/.test(type)) return { problem: "failed" };
    if (Number(answer.headers.get("Content-Length")) > most) return { problem: "too-large" };
    const file = await answer.blob();
    if (!file.size || file.size > most) return { problem: file.size ? "too-large" : "failed" };
    if (measured && !(await isSameShape(file, measured))) return { problem: "failed" };
    hold(key, file);
    return { held: true };
  } catch {
    return { problem: "failed" };
  }
}

async function isSameShape(file, measured) {
  const { width, height } = await createImageBitmap(file);
  return Math.abs(Math.log(width / height / measured)) < SHAPE;
}
