// How far a tab's checks are, and what came of them: the same in popup and side panel.

import { say } from "../words.js";
import { draw, ordered, save, tally } from "./list.js";

const OPEN = new Set(["waiting", "running", "busy"]);
const $ = (id) => document.getElementById(id);

/** @type {Job[]} */
let listed = []; // what is shown
/** @type {string} */
let server;

/** The save button works from now on. */
export function begin(itsServer) {
  server = itsServer;
  $("export").addEventListener("click", () => save(listed, server));
}

/**
 * Show a tab's checks; its jobs and its last scan. `went` is called when a picture was gone to.
 * @param {number} tabId @param {Record<string, string>} texts
 */
export async function show(tabId, texts, went = () => {}) {
  const key = /** @type {const} */ (`scan:${tabId}`);
  const kept = await chrome.storage.session.get(["jobs", key]);
  const jobs = Object.values(kept.jobs ?? {}).filter((job) => job.tab === tabId);
  const scan = kept[key] ?? { found: 0, closed: { count: 0, origins: [] } };
  const late = jobs.filter((job) => job.state === "loading").length;
  const ended = jobs.length - jobs.filter((job) => OPEN.has(job.state)).length - late;
  const found = Math.max(scan.found, jobs.length);
  $("under-way").hidden = !found;
  $("progress").max = Math.max(found, 1);
  $("progress").value = ended;
  $("found").textContent = say(texts, "popup_found", found, jobs.filter((job) => job.state === "done").length);
  $("late").hidden = !late;
  $("late").textContent = say(texts, "popup_late", late);
  $("stop").hidden = ended >= found;
  listed = ordered(jobs);
  tally($("tally"), listed, texts);
  $("summary").hidden = !listed.length;
  draw($("list"), listed, texts, async (job) => {
    await chrome.runtime.sendMessage({ kind: "show", tab: tabId, frame: job.frame, key: job.key });
    went();
  });
  return { jobs, scan };
}
