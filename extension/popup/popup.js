// The toolbar's popup: check this page, watch it, stop it; pick one; automatic badges for this site.

import { patternsOf } from "../capture/hosts.js";
import { change, settings } from "../settings.js";
import { fill, say, words } from "../words.js";
import { begin, show } from "./summary.js";

const { sidePanel } = chrome; // Chromium's alone
const $ = (id) => document.getElementById(id);
const ask = (kind, rest = {}) => chrome.runtime.sendMessage({ kind, ...rest });

const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
const chosen = await settings();
const texts = await words(chosen.language);
const origin = /^https?:/.test(tab?.url ?? "") ? new URL(tab.url ?? "").origin : null;
/** @type {string[]} */
let toAllow = []; // known before the click, since permissions are asked for first thing in it
/** @type {string[]} */
let framesToAllow = [];

fill(document, texts);
const status = await ask("status");
$("unpaired").hidden = status.state === "paired";
$("paired").hidden = status.state !== "paired";
if (status.state === "paired") {
  $("history").href = `${status.server}/history`;
  $("history").hidden = false;
  void ask("status", { check: true }).then(({ trouble }) => trouble && complain(`problem_${trouble.code}`));
}
$("min-size").value = chosen.minSize;
$("auto").hidden = !origin;
if (origin) {
  $("auto-site").checked = chosen.sites.includes(origin);
  $("auto-text").textContent = say(texts, "popup_auto", new URL(origin).host);
}
await files();
begin(status.server);
chrome.storage.session.onChanged.addListener(() => void watch());
await watch();

$("pair").addEventListener("click", async () => {
  await ask("open-options");
  close();
});
$("open-options").addEventListener("click", async () => {
  await ask("open-options");
  close();
});
$("check-page").addEventListener("click", async () => {
  $("check-page").disabled = true;
  const answer = await ask("find", { tab: tab.id, by: "page", least: Number($("min-size").value) || chosen.minSize });
  $("check-page").disabled = false;
  if (answer.barred) complain("barred");
  else if (!answer.found) complain(answer.pdf ? "popup_pdf" : "popup_none");
  await watch();
});
$("open-files").addEventListener("click", async () => {
  await chrome.tabs.create({ url: `chrome://extensions/?id=${chrome.runtime.id}` });
  close();
});
$("stop").addEventListener("click", () => ask("stop", { tab: tab.id }));
for (const by of ["pick", "region"]) {
  $(by).addEventListener("click", async () => {
    const answer = await ask("find", { tab: tab.id, by });
    if (answer.barred) complain("barred");
    else close();
  });
}
$("min-size").addEventListener("change", () => change({ minSize: Number($("min-size").value) || chosen.minSize }));
$("allow-hosts").addEventListener("click", () => chrome.permissions.request({ origins: toAllow }).catch(() => false));
$("panel").addEventListener("click", () => {
  void sidePanel.open({ windowId: tab.windowId }); // in the click itself: else the browser refuses
  close();
});
$("allow-frames").addEventListener("click", () =>
  chrome.permissions.request({ origins: framesToAllow }).catch(() => false),
);
$("shoot-frames").addEventListener("click", () => ask("shoot-frames", { tab: tab.id }));
$("auto-site").addEventListener("change", async () => {
  const isOn = $("auto-site").checked;
  const isAllowed = isOn && chrome.permissions.request({ origins: patternsOf([origin]) }).catch(() => false);
  // Firefox closes the popup for its question: the background must know what the answer is for
  if (isOn) await chrome.storage.session.set({ wantedSite: origin });
  if (isOn && !(await isAllowed)) $("auto-site").checked = false;
  else await ask(isOn ? "add-site" : "remove-site", { origin });
});

/** Show how far this tab's checks are, and what only the person can allow. */
async function watch() {
  const { jobs, scan } = await show(Number(tab.id), texts, close);
  const barred = jobs.filter((job) => job.state === "needs-host").map((job) => job.host);
  toAllow = patternsOf(barred);
  $("hosts").hidden = !barred.length;
  $("hosts-text").textContent = say(texts, "popup_hosts", barred.length, hostsIn(barred));
  $("panel").hidden = !sidePanel || !jobs.length;
  closed(scan.closed);
}

/**
 * Files of this computer: Chromium wants a permission for them that no extension can ask for, and without it does not even
 * tell that a page is one: its address stays hidden. Firefox wants none.
 */
async function files() {
  const isFirefox = chrome.runtime.getURL("").startsWith("moz-");
  $("files").hidden = Boolean(tab?.url) || isFirefox || (await chrome.extension.isAllowedFileSchemeAccess());
}

/** Frames that were not looked into: how many, and what can be done. @param {Scan["closed"]} found */
function closed({ count, origins }) {
  framesToAllow = patternsOf(origins);
  $("closed").hidden = !count;
  $("closed-text").textContent = say(texts, "popup_closed", count);
  $("allow-frames").hidden = !origins.length;
  $("allow-frames").textContent = say(texts, "popup_closed_allow", hostsIn(origins));
}

function hostsIn(origins) {
  return [...new Set(origins.map((origin) => new URL(origin).host))].join(", ");
}

function complain(key) {
  $("problem").textContent = say(texts, key);
  $("problem").hidden = false;
}
