// The background's step of the ladder: with the extension's own permission for a host, which pages do not have.

import { hold } from "../checks/bytes.js";
import "../content/define.js";
import "../content/sketch.js";
import { patternOf } from "../settings.js";

const PATIENCE = 25_000;
const { sketch } = detector;

/**
 * Get a file and hold it under the key: `{held}`, or `{problem}`: `no-host`, `too-large`, `failed`.
 * With `shown`, `{url, width, height, sketch}`, only the larger original of that picture will do. Files of this computer
 * are got for pages that are such files themselves (`isLocal`); the browser's own permission for them stands before it.
 *
 * @param {string} key
 * @param {string} address
 * @param {{most: number, isLocal: boolean, shown?: any, credentials?: RequestCredentials}} how
 */
export async function get(key, address, { most, shown, credentials, isLocal }) {
  const how = { most, credentials, isLocal };
  const { file, problem } = await load(address, how);
  if (problem) return { problem };
  if (shown && !(await isOriginal(file, shown, how))) return { problem: "failed" };
  hold(key, file);
  return { held: true };
}

/** @param {string} address @param {{most: number, isLocal: boolean, credentials?: RequestCredentials}} how */
async function load(address, { most, credentials = "include", isLocal }) {
  if (!/^https?:/.test(address) && !(isLocal && /^file:/.test(address))) return { problem: "failed" };
  const isFile = address.startsWith("file:");
  if (!isFile && !(await chrome.permissions.contains({ origins: [patternOf(address)] }))) return { problem: "no-host" };
  try {
    const answer = await fetch(address, {
      credentials,
      cache: "force-cache",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const type = answer.headers.get("Content-Type") ?? "";
    if (!answer.ok || /^text\/html/.test(type)) return { problem: "failed" };
    if (Number(answer.headers.get("Content-Length")) > most) return { problem: "too-large" };
    const file = await answer.blob();
    if (!file.size || file.size > most) return { problem: file.size ? "too-large" : "failed" };
    return { file };
  } catch {
    return { problem: "failed" };
  }
}

/** Where the page could not read what it shows, that is got first. */
async function isOriginal(file, shown, how) {
  if (shown.sketch) return sketch.isLarger(file, shown);
  const { file: small } = await load(shown.url, { ...how, credentials: undefined });
  if (!small) return false;
  const picture = await createImageBitmap(small);
  const { width, height } = picture;
  return sketch.isLarger(file, { width, height, sketch: sketch.of(picture) });
}
