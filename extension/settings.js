// What the user chose, and the pairing. Content scripts never read this storage: it holds the token.

/** @type {Settings} */
const DEFAULTS = {
  server: "http://127.0.0.1:8000",
  minSize: 128, // shorter side of a picture, in CSS pixels, below which a scan leaves it out
  blurAbove: null, // the score from which on pictures are blurred; null: never
  language: "auto",
  serverFetch: false, // whether the server may be told addresses, to fetch what the browser could not read
  numbersOnly: false, // whether the server shall keep no picture of what is checked
  sites: [], // origins with automatic badges
};

/** Lock the storage to the extension's own pages, where the browser can. */
export function lock() {
  return chrome.storage.local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });
}

/** @returns {Promise<Settings>} */
export async function settings() {
  const { settings: chosen } = await chrome.storage.local.get("settings");
  return { ...DEFAULTS, ...chosen };
}

/** @param {Partial<Settings>} part */
export async function change(part) {
  const { settings: chosen } = await chrome.storage.local.get("settings");
  await chrome.storage.local.set({ settings: { ...chosen, ...part } });
}

/** The pairing, or undefined. @returns {Promise<Credentials | undefined>} */
export async function pairing() {
  return (await chrome.storage.local.get("pairing")).pairing;
}

/** @param {Credentials} made */
export function keepPairing(made) {
  return chrome.storage.local.set({ pairing: made });
}

export function forgetPairing() {
  return chrome.storage.local.remove(["pairing", "results"]);
}

/** The server's address as an origin, or null where the text is none; plain words get `http://`. */
export function serverOf(untrusted) {
  const text = untrusted.trim();
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
    return url.protocol === "http:" || url.protocol === "https:" ? url.origin : null;
  } catch {
    return null;
  }
}

/** The match pattern of an origin. Ports have no place in it: Firefox knows none there. */
export function patternOf(address) {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}
