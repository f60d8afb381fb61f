// Asking for a host: in the click where the browser lets us, else on a page of our own with a button.

import { patternOf } from "../settings.js";

/** Ask; must be the first thing that happens after the click. Whether it was allowed, or null where a page now asks. */
export function ask(origins) {
  const patterns = patternsOf(origins);
  return chrome.permissions.request({ origins: patterns }).catch(() => {
    const asked = new URLSearchParams(patterns.map((one) => ["host", one]));
    const page = `${chrome.runtime.getURL("grant/grant.html")}?${asked}`;
    void (chrome.windows
      ? chrome.windows.create({ url: page, type: "popup", width: 460, height: 400 })
      : chrome.tabs.create({ url: page }));
    return null;
  });
}

export function patternsOf(origins) {
  return [...new Set(origins.map(patternOf))];
}
