// Putting the content scripts into a page, once, and speaking to them.

import { pause } from "./api.js";

/** In this order: each uses what the ones before it define. */
export const SCRIPTS = [
  "define",
  "link",
  "words",
  "icons",
  "style",
  "dom",
  "backgrounds",
  "originals",
  "media",
  "find",
  "frames",
  "scan",
  "sketch",
  "read",
  "overlay",
  "place",
  "blur",
  "badges",
  "wrong",
  "map",
  "card",
  "pick",
  "region",
  "checks",
  "auto",
  "main",
].map((name) => `content/${name}.js`);

/** Send a message to one frame, or to all that may be entered; the answers. Null where the browser lets nobody in. */
export async function sendToPage(tabId, message, frameId) {
  try {
    if (frameId !== undefined) return [await reach(tabId, frameId, message)];
    const frames = await enterAll(tabId);
    const sent = await Promise.allSettled(
      frames.map((frame) => chrome.tabs.sendMessage(tabId, message, { frameId: frame })),
    );
    // a frame may go while it is spoken to
    return sent.flatMap((one) => (one.status === "fulfilled" && one.value) || []);
  } catch {
    return null;
  }
}

/** Send a message to the frames that have the content scripts already. */
export function sendIfEntered(tabId, message, frameId) {
  return chrome.tabs.sendMessage(tabId, message, frameId === undefined ? {} : { frameId }).catch(() => null);
}

async function reach(tabId, frameId, message) {
  try {
    return await chrome.tabs.sendMessage(tabId, message, { frameId });
  } catch {
    await enter({ tabId, frameIds: [frameId] });
    return chrome.tabs.sendMessage(tabId, message, { frameId });
  }
}

async function enterAll(tabId) {
  const looked = await inject({
    target: { tabId, allFrames: true },
    func: () => Boolean(globalThis.detector?.main),
  });
  const missing = looked.filter((one) => !one.result).map((one) => one.frameId);
  if (missing.length) await enter({ tabId, frameIds: missing });
  return looked.map((one) => one.frameId);
}

/** Run the scripts; a second time they change nothing. */
function enter(target) {
  return inject({ target, files: SCRIPTS });
}

/** On a busy machine the permission that a key or a click has just given may come a moment late: so once more. */
async function inject(what) {
  try {
    return await chrome.scripting.executeScript(what);
  } catch {
    await pause(0.2);
    return chrome.scripting.executeScript(what);
  }
}
