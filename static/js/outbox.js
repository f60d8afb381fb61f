// Files that wait on this device until they can be sent. Kept in IndexedDB, so closing the browser loses none; each has
// a key that the server knows it by, so sending one twice analyzes it once. Used by pages and by the service worker.

import { say } from "./words.js";

const STORE = "outbox";

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("detector", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function act(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/**
 * What is sent: a file (or an address the server fetches) under a key of its own; an animation as a clip, and without a
 * picture being kept, if asked.
 */
export function entry(file, address = "", asClip = false, numbersOnly = false) {
  const name = file ? file.name || say("picture") : address;
  return { key: crypto.randomUUID(), added: Date.now(), state: "waiting", name, file, address, asClip, numbersOnly };
}

export const keep = (one) => act("readwrite", (store) => store.put(one));

export const remove = (key) => act("readwrite", (store) => store.delete(key));

export async function all() {
  const entries = await act("readonly", (store) => store.getAll());
  return entries.sort((a, b) => a.added - b.added);
}

/** Keep a file handed over by another app; one that waits already (a launch that is replayed) is not kept twice. */
export async function take(file) {
  const same = (known) => known.state === "waiting" && known.file?.size === file.size && known.name === file.name;
  if (!(await all()).some(same)) await keep(entry(file));
}

/**
 * Send what waits, oldest first; one page or worker at a time. `send(entry)` gives an outcome (see send.js) or throws
 * when the server cannot be reached. Resolves to whether nothing is left waiting.
 */
export async function drain(send) {
  return navigator.locks.request("outbox", async () => {
    for (const one of await all()) {
      if (one.state !== "waiting") continue;
      let outcome;
      try {
        outcome = await send(one);
      } catch {
        return false;
      }
      if (outcome.later) return false;
      const { file, ...rest } = one; // the bytes have done their duty
      await keep({ ...rest, state: outcome.where ? "sent" : "refused", ...outcome });
    }
    return true;
  });
}
