// The side panel: the summary of whichever tab is in front. It stays open while one goes through the pictures.

import { begin, show } from "../popup/summary.js";
import { settings } from "../settings.js";
import { fill, words } from "../words.js";

const $ = (id) => document.getElementById(id);
const texts = await words((await settings()).language);
const { server } = await chrome.runtime.sendMessage({ kind: "status" });

let tab;

fill(document, texts);
begin(server);
$("stop").addEventListener("click", () => chrome.runtime.sendMessage({ kind: "stop", tab: tab.id }));
chrome.tabs.onActivated.addListener(() => void watch());
chrome.storage.session.onChanged.addListener(() => void watch());
await watch();

async function watch() {
  [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  const { jobs } = await show(tab.id, texts);
  $("empty").hidden = jobs.length > 0;
}
