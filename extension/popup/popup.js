// The toolbar's popup: check this page, watch it, stop it; pick one; automatic badges for this site.

import { patternsOf } from "../capture/hosts.js";
import { change, settings } from "../settings.js";
import { fill, say, words } from "../words.js";
import { draw, ordered, table } from "./list.js";

const $ = (id) => document.getElementById(id);
const ask = (kind, rest = {}) => chrome.runtime.sendMessage({ kind, ...rest });
const TONES = ["ai", "likely", "mixed", "unknown", "mild", "real"];
const OPEN = new Set(["waiting", "running", "busy"]);

const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
const chosen = await settings();
const texts = await words(chosen.language);
const origin = /^https?:/.test(tab?.url ?? "") ? new URL(tab.url).origin : null;
let toAllow = []; // known before the click, since permissions are asked for first thing in it
let framesToAllow = [];
let listed = [];

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
  else if (!answer.found) complain("popup_none");
  await watch();
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
$("export").addEventListener("click", () => {
  const href = URL.createObjectURL(new Blob([table(listed, status.server)], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: "checks.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
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

/** Show how far this tab's checks are. */
async function watch() {
  const scan = `scan:${tab.id}`;
  const kept = await chrome.storage.session.get(["jobs", scan]);
  const mine = Object.values(kept.jobs ?? {}).filter((job) => job.tab === tab.id);
  const found = kept[scan]?.found ?? 0;
  const done = mine.filter((job) => job.state === "done");
  const open = mine.filter((job) => OPEN.has(job.state)).length;
  const late = mine.filter((job) => job.state === "loading").length;
  const ended = mine.length - open - late;
  $("under-way").hidden = !found && !mine.length;
  $("progress").max = Math.max(found, mine.length, 1);
  $("progress").value = ended;
  $("found").textContent = say(texts, "popup_found", Math.max(found, mine.length), done.length);
  $("late").hidden = !late;
  $("late").textContent = say(texts, "popup_late", late);
  $("stop").hidden = ended >= Math.max(found, mine.length);
  tally(done, mine.filter((job) => job.state === "failed").length);
  const barred = mine.filter((job) => job.state === "needs-host");
  toAllow = patternsOf(barred.map((job) => job.host));
  $("hosts").hidden = !barred.length;
  $("hosts-text").textContent = say(texts, "popup_hosts", barred.length, hostsIn(barred.map((job) => job.host)));
  listed = ordered(mine);
  $("summary").hidden = !listed.length;
  draw($("list"), listed, texts, async ({ key, frame }) => {
    await ask("show", { tab: tab.id, frame, key });
    close();
  });
  closed(kept[scan]?.closed ?? { count: 0, origins: [] });
}

/** Frames that were not looked into: how many, and what can be done. */
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

function tally(done, failed) {
  const rows = new Map();
  for (const { check } of done) {
    const { title, tone } = check.result;
    rows.set(title, { tone, count: (rows.get(title)?.count ?? 0) + 1 });
  }
  const gravest = [...rows].sort(([, a], [, b]) => TONES.indexOf(a.tone) - TONES.indexOf(b.tone));
  const made = gravest.map(([title, { tone, count }]) => row(tone, count, title.split(/[:,]/)[0], "en"));
  if (failed) made.push(row("unknown", "", say(texts, "popup_failed", failed)));
  $("tally").replaceChildren(...made);
}

function row(tone, count, text, lang = "") {
  const made = document.createElement("li");
  made.dataset.tone = tone;
  made.lang = lang || texts.language;
  const number = document.createElement("b");
  number.textContent = count;
  made.append(number, count === "" ? text : ` ${text}`);
  return made;
}

function complain(key) {
  $("problem").textContent = say(texts, key);
  $("problem").hidden = false;
}
