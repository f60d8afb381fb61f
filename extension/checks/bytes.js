// Files on their way: pieces from a page become one file, which is held until it is sent.

const arriving = new Map();
const held = new Map();

/** A piece, as the base64 of a data URL; the browser's own decoder is the fastest. */
export function piece(key, data) {
  if (!arriving.has(key)) arriving.set(key, []);
  arriving.get(key).push(fetch(`data:application/octet-stream;base64,${data}`).then((answer) => answer.blob()));
}

/** A whole file that the background itself has got. */
export function hold(key, blob) {
  held.set(key, blob);
}

/** The file of this key, which leaves; undefined where there is none. */
export async function take(key) {
  const pieces = arriving.get(key);
  arriving.delete(key);
  const file = pieces ? new Blob(await Promise.all(pieces)) : held.get(key);
  held.delete(key);
  return file;
}

export function drop(key) {
  arriving.delete(key);
  held.delete(key);
}

export async function hashOf(blob) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
