// The way to the background. After an update or removal of the extension nobody is there: then the page must be reloaded.

detector.define("link", () => {
  "use strict";

  const PIECE = 3 * 1024 * 1024; // bytes: a multiple of three, so that pieces of base64 join without padding

  /** @type {chrome.runtime.Port | null} */
  let port = null;
  /** @type {(said: any) => void} */
  let onMessage = () => {};
  let onDisconnect = () => {};

  const isAlive = () => Boolean(chrome.runtime?.id);

  /** Ask the background; its answer, or `{problem}`. */
  async function ask(kind, rest = {}) {
    if (!isAlive()) return { problem: { code: "orphaned" } };
    try {
      return await chrome.runtime.sendMessage({ kind, ...rest });
    } catch {
      return { problem: { code: isAlive() ? "strange" : "orphaned" } };
    }
  }

  /** Say something on the port, which is opened where it is not; this wakes the background. False where nobody is there. */
  function post(message) {
    if (!isAlive()) return false;
    if (!port) {
      port = chrome.runtime.connect({ name: "checks" });
      port.onMessage.addListener((said) => onMessage(said));
      port.onDisconnect.addListener(() => {
        port = null;
        onDisconnect();
      });
    }
    port.postMessage(message);
    return true;
  }

  /** A file in pieces: messages are JSON, and one of them must not grow too large. */
  async function send(key, file) {
    for (let at = 0; at < file.size; at += PIECE) {
      if (!post({ kind: "piece", key, data: await base64(file.slice(at, at + PIECE)) })) return;
    }
  }

  function base64(blob) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).replace(/^.*?,/, ""));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });
  }

  /** Nothing is pending: the background may sleep. */
  function close() {
    port?.disconnect();
    port = null;
  }

  function listen(message, disconnect) {
    onMessage = message;
    onDisconnect = disconnect;
  }

  return { ask, close, isAlive, listen, post, send };
});
