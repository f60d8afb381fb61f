// Pairing: a verifier of our own, its short code, the user's agreement on the server's page, a token. See docs/api.md.

import { claim, endToken, facts, pause, plain, Trouble } from "./api.js";
import { forgetPairing, keepPairing, pairing, settings } from "./settings.js";

const MINUTES = 10;
const BETWEEN = 2; // seconds between two looks whether it has been approved
const LEAVE = 3; // seconds the server has to hear that a pairing ends
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** @type {Record<string, string>} */
const SYSTEMS = { mac: "macOS", win: "Windows", linux: "Linux", android: "Android", cros: "ChromeOS" };

let looking = false;

/** Start: a new code, and the server's page in a tab. */
export async function begin() {
  const { server } = await settings();
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const challenge = base64url(await sha256(verifier));
  const code = await codeOf(challenge);
  await chrome.storage.session.set({
    pairingNow: { server, verifier, challenge, code, until: Date.now() + MINUTES * 60_000, problem: null },
  });
  const asked = new URLSearchParams({
    challenge,
    origin: new URL(chrome.runtime.getURL("")).origin,
    name: await ownName(),
  });
  await chrome.tabs.create({ url: `${server}/pair?${asked}` });
  void resume();
}

/** Go on looking for the approval, if a pairing waits for one. Called at every wake of the background. */
export async function resume() {
  if (looking) return;
  looking = true;
  try {
    for (let now = await current(); now && !now.problem; now = await current()) {
      if (Date.now() > now.until)
        await chrome.storage.session.set({ pairingNow: { ...now, problem: { code: "too_late" } } });
      else if (!(await tried(now))) await pause(BETWEEN);
    }
  } finally {
    looking = false;
  }
}

/** Forget the pairing here, and end it on the server where that answers. */
export async function unpair() {
  const credentials = await pairing();
  // a server that is away keeps its side until its user ends it there
  const ended = credentials && endToken(credentials).catch(() => {});
  await Promise.race([ended, pause(LEAVE)]);
  await forgetPairing();
}

export function cancel() {
  return chrome.storage.session.remove("pairingNow");
}

/** What the options show: `{state: none | waiting | paired | problem, …}`. */
export async function state() {
  const now = await current();
  const credentials = await pairing();
  if (now)
    return { state: now.problem ? "problem" : "waiting", server: now.server, code: now.code, problem: now.problem };
  return credentials
    ? { state: "paired", server: credentials.server, name: credentials.name }
    : { state: "none", server: (await settings()).server };
}

/** Whether the pairing holds: `{trouble}`, null or what is wrong, and the bands of the server's `scale`. */
export async function look() {
  try {
    const { scale } = await facts(await pairing());
    return { trouble: null, scale };
  } catch (problem) {
    return { trouble: plain(problem) };
  }
}

/** @param {PairingNow} now */
async function tried({ server, verifier, until }) {
  try {
    const { token, name } = await claim(server, verifier);
    if ((await current())?.until !== until) return false; // cancelled, or started anew, meanwhile
    const { max_bytes: most } = await facts({ server, token });
    await keepPairing({ server, token, name, most });
    await cancel();
    return true;
  } catch (problem) {
    if (!(problem instanceof Trouble)) throw problem;
    return false; // not approved yet, or the server is away for a moment
  }
}

async function current() {
  return (await chrome.storage.session.get("pairingNow")).pairingNow;
}

async function ownName() {
  const browser = navigator.userAgent.includes("Firefox") ? "Firefox" : "Chromium";
  const { os } = await chrome.runtime.getPlatformInfo();
  return `Extension in ${browser} on ${SYSTEMS[os] ?? os}`;
}

async function codeOf(challenge) {
  const start = [...(await sha256(challenge))].slice(0, 5);
  const bits = start.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = Array.from(bits.matchAll(/.{5}/g), ([five]) => five).map((five) => ALPHABET[parseInt(five, 2)]);
  return `${letters.slice(0, 4).join("")}-${letters.slice(4).join("")}`;
}

async function sha256(text) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
