// Sites with automatic badges: content scripts run there from the start, for as long as the permission lasts.

import { change, patternOf, settings } from "./settings.js";
import { SCRIPTS } from "./tabs.js";

const ID = "automatic";

let turn = Promise.resolve(); // the list is read and written: one after the other

/** Make the browser's list say what the settings say, without sites whose permission is gone. */
export function agree() {
  return (turn = turn.then(register, register));
}

async function register() {
  const { sites } = await settings();
  const allowed = [];
  for (const site of sites) if (await chrome.permissions.contains({ origins: [patternOf(site)] })) allowed.push(site);
  if (allowed.length !== sites.length) await change({ sites: allowed });
  const there = (await chrome.scripting.getRegisteredContentScripts({ ids: [ID] })).length > 0;
  if (there) await chrome.scripting.unregisterContentScripts({ ids: [ID] });
  if (!allowed.length) return;
  const matches = [...new Set(allowed.map(patternOf))];
  await chrome.scripting.registerContentScripts([
    { id: ID, matches, js: SCRIPTS, runAt: "document_idle", allFrames: true },
  ]);
}

/** The site the popup asked a permission for, once that is there. */
export async function addWanted() {
  const { wantedSite } = await chrome.storage.session.get("wantedSite");
  if (!wantedSite || !(await chrome.permissions.contains({ origins: [patternOf(wantedSite)] }))) return;
  await chrome.storage.session.remove("wantedSite");
  const { sites } = await settings();
  if (!sites.includes(wantedSite)) await change({ sites: [...sites, wantedSite] });
}

export async function remove(site) {
  await change({ sites: (await settings()).sites.filter((one) => one !== site) });
}

/** Whether a page of this origin checks its pictures by itself. */
export async function isAutomatic(origin) {
  return (await settings()).sites.includes(origin);
}
