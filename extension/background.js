// Wiring: what the browser tells us, to the module whose business it is. Every listener is there at once, so that the
// background, ended at any moment, wakes for it.

import * as api from "./api.js";
import * as bytes from "./checks/bytes.js";
import * as jobs from "./checks/jobs.js";
import * as queue from "./checks/queue.js";
import { mapOf } from "./checks/thumbs.js";
import { get } from "./capture/fetch.js";
import { ask, patternsOf } from "./capture/hosts.js";
import { shoot } from "./capture/screenshot.js";
import * as menus from "./menus.js";
import * as pair from "./pairing.js";
import { lock, pairing, settings } from "./settings.js";
import * as sites from "./sites.js";
import { sendIfEntered, sendToPage } from "./tabs.js";
import { words } from "./words.js";

const LARGEST = 100 * 1024 * 1024; // bytes, until the server has said what it takes

/** @type {Promise<{from: string, to: string}[]> | undefined} */
let originals; // a promise: the rules are read once in the background's life
const ports = new Map(); // "tab:frame" -> port of a page that waits for something

chrome.runtime.onInstalled.addListener(({ reason }) => {
  void begin();
  if (reason === "install") void chrome.runtime.openOptionsPage();
});
chrome.runtime.onStartup.addListener(() => void begin());
chrome.permissions.onAdded.addListener(() => void hostsChanged());
chrome.permissions.onRemoved.addListener(() => void sites.agree());
chrome.storage.onChanged.addListener((changes, area) => {
  if (area === "local" && changes.settings) void settingsChanged(/** @type {any} */ (changes.settings));
});
chrome.tabs.onRemoved.addListener((tabId) => {
  void queue.leave((job) => job.tab === tabId);
  void chrome.storage.session.remove(`scan:${tabId}`);
});

// Firefox on Android has neither menus nor keys
chrome.contextMenus?.onClicked.addListener((info, tab) => {
  if (tab) void find(tab.id, menus.wanted(info), info.frameId ?? 0);
});
chrome.commands?.onCommand.addListener((command, tab) => {
  if (!tab) return;
  if (command === "check-pointer") void point(tab.id);
  if (command === "check-page") void find(tab.id, { by: "page" });
  if (command === "check-region") void find(tab.id, { by: "region" });
  if (command === "next-badge") void sendToPage(tab.id, { kind: "next" });
});

chrome.runtime.onConnect.addListener((port) => {
  const { tab, frameId: frame } = port.sender ?? {};
  if (port.name !== "checks" || !tab) return;
  const here = `${tab.id}:${frame}`;
  ports.set(here, port);
  port.onDisconnect.addListener(() => ports.get(here) === port && ports.delete(here));
  port.onMessage.addListener((message) => void onPortMessage(message, { tab: tab.id, frame, private: tab.incognito }));
});

/**
 * Questions of pages. Those only our own pages may ask stand below.
 * @type {Record<string, (message: any, sender: any) => any>}
 */
const ANSWERS = {
  hello: async ({ since }, { tab, frameId, origin }) => {
    const isHere = (job) => job.tab === tab.id && (frameId === 0 || job.frame === frameId);
    await queue.leave((job) => isHere(job) && job.since < since); // of the page before
    const [texts, chosen, automatic] = await Promise.all([ownWords(), forPages(), sites.isAutomatic(origin)]);
    return { words: texts, settings: chosen, automatic };
  },
  fetch: ({ key, url, ...about }, { url: page }) => get(key, url, { ...about, isLocal: /^file:/.test(page) }),
  shoot: ({ shots, width }, { tab }) => shoot(tab, shots, width),
  map: ({ map }) => attempt(async () => ({ data: await mapOf(await pairing(), map) })),
  report: async ({ page }) => {
    const { server } = (await pairing()) ?? {};
    const report = new URL(page, server);
    if (report.origin === server) await chrome.tabs.create({ url: report.href });
  },
  feedback: ({ id, says, note }) => attempt(async () => api.feedback(await pairing(), id, says, note)),
  "open-options": () => chrome.runtime.openOptionsPage(),
};

/** @type {Record<string, (message: any, sender: any) => any>} */
const OWN_ANSWERS = {
  pair: () => pair.begin(),
  "cancel-pair": () => pair.cancel(),
  unpair: () => pair.unpair(),
  status: async ({ check }) => ({
    ...(await pair.state()),
    ...(check && (await pairing()) ? await pair.look() : {}),
  }),
  find: ({ tab, ...what }) => find(tab, what),
  show: ({ tab, frame, key }) => sendIfEntered(tab, { kind: "show", key }, frame),
  "shoot-frames": ({ tab }) => shootFrames(tab),
  "add-site": () => sites.addWanted(),
  "remove-site": ({ origin }) => sites.remove(origin),
  stop: ({ tab }) => sendIfEntered(tab, { kind: "stop" }),
};

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  if (sender.id !== chrome.runtime.id) return false;
  // first of all, in the click itself: the browser forgets a click as soon as anything is waited for
  if (message.kind === "allow") ask(message.origins).then((allowed) => answer({ allowed }));
  else {
    const own = sender.url?.startsWith(chrome.runtime.getURL(""));
    const handle = (own && OWN_ANSWERS[message.kind]) || ANSWERS[message.kind];
    if (!handle) return false;
    Promise.resolve(handle(message, sender)).then(
      (result) => answer(result ?? {}),
      (problem) => (console.error(problem), answer({ problem: { code: "strange" } })),
    );
  }
  return true;
});

queue.listen((job) => {
  const { key, state, check, problem } = job;
  ports
    .get(`${job.tab}:${job.frame}`)
    ?.postMessage({ kind: state === "missing" ? "missing" : "state", key, state, check, problem });
});

async function onPortMessage(message, here) {
  const { kind, key, copy, name } = message;
  if (kind === "piece") bytes.piece(key, message.data);
  if (kind === "check") await queue.addFile({ key, copy, name, ...here });
  if (kind === "address") await queue.addAddress({ key, copy, name, ...here }, message.url);
  if (kind === "unread")
    await jobs.set(key, { ...here, state: message.state, problem: message.problem, host: message.host });
  if (kind === "waiting") await queue.resume(message.keys, here);
  if (kind === "drop") {
    for (const one of message.keys) bytes.drop(one);
    await queue.drop(message.keys);
  }
}

async function ownWords() {
  return words((await settings()).language);
}

/** What a page has to know of the settings; the token is not among it. @returns {Promise<PageSettings>} */
async function forPages() {
  const [{ minSize, blurAbove, serverFetch }, credentials] = await Promise.all([settings(), pairing()]);
  originals ??= fetch(chrome.runtime.getURL("originals.json")).then((answer) => answer.json());
  const rules = (await originals).map(({ from, to }) => ({ from, to }));
  return {
    minSize,
    blurAbove,
    serverFetch,
    most: credentials?.most ?? LARGEST,
    server: credentials?.server,
    originals: rules,
  };
}

/** Let the page find what is asked for; how many it found, or null where nobody may enter. */
async function find(tabId, what, frame) {
  const single = what.by !== "page" && what.by !== "frames";
  const answers = await sendToPage(
    tabId,
    { kind: "find", ...what, settings: await forPages() },
    single ? (frame ?? 0) : undefined,
  );
  if (answers === null) {
    await chrome.action.setBadgeText({ tabId, text: "!" });
    await chrome.action.setTitle({ tabId, title: (await ownWords()).barred });
    return { barred: true }; // of a file of this computer the popup says what is needed
  }
  const found = answers.reduce((sum, one) => sum + (one?.found ?? 0), 0);
  if (what.by === "page") {
    const scan = { found, at: Date.now(), least: what.least, closed: await closedIn(answers) };
    await chrome.storage.session.set({ [`scan:${tabId}`]: scan });
  }
  return { found, pdf: answers.some((one) => one?.pdf) };
}

/** Frames that could not be looked into: how many, and the sites that could be allowed; `entered` are those that are. */
async function closedIn(answers) {
  const frames = answers.flatMap((one) => one?.closed ?? []);
  const count = Math.max(0, frames.length - answers.filter((one) => one?.entered).length);
  const named = [...new Set(frames.filter(Boolean))];
  const may = await Promise.all(named.map((origin) => chrome.permissions.contains({ origins: patternsOf([origin]) })));
  return { count, origins: named.filter((_, at) => !may[at]), entered: named.filter((_, at) => may[at]) };
}

/** Frames that nobody may enter, checked from the screen. */
async function shootFrames(tabId) {
  const key = /** @type {const} */ (`scan:${Number(tabId)}`);
  const { [key]: scan } = await chrome.storage.session.get(key);
  return find(tabId, { by: "frames", least: scan?.least, entered: scan?.closed.entered ?? [] });
}

/** What is under the pointer, in whichever frame it is; else the person picks. */
async function point(tabId) {
  const answers = await sendToPage(tabId, { kind: "find", by: "pointer", pick: false, settings: await forPages() });
  if (!answers?.some((one) => one.found)) await find(tabId, { by: "pick" }, 0);
}

async function attempt(work) {
  try {
    return (await work()) ?? { ok: true };
  } catch (problem) {
    return { problem: api.plain(problem) };
  }
}

async function hostsChanged() {
  await sites.addWanted();
  await sites.agree();
  const tabs = new Set((await jobs.all()).filter((job) => job.state === "needs-host").map((job) => job.tab));
  for (const tab of tabs) void sendIfEntered(tab, { kind: "hosts" });
  for (const [key, scan] of Object.entries(await chrome.storage.session.get(null))) {
    if (!key.startsWith("scan:") || !scan?.closed.origins.length) continue;
    const may = await chrome.permissions.contains({ origins: patternsOf(scan.closed.origins) });
    if (may) void find(Number(key.slice("scan:".length)), { by: "page", least: scan.least });
  }
}

/** @param {{oldValue?: Partial<Settings>, newValue?: Partial<Settings>}} changed */
async function settingsChanged({ oldValue = {}, newValue = {} }) {
  if (oldValue.language !== newValue.language) await menus.make();
  if (`${oldValue.sites}` !== `${newValue.sites}`) await sites.agree();
}

async function begin() {
  await menus.make();
  await sites.agree();
}

void lock();
void pair.resume();
