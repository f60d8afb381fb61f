// The question for hosts, where the browser does not take the click in a page for one.

import { settings } from "../settings.js";
import { fill, words } from "../words.js";

const origins = new URLSearchParams(location.search).getAll("host");

fill(document, await words((await settings()).language));
document
  .getElementById("hosts")
  .append(
    ...origins.map((origin) => Object.assign(document.createElement("li"), { textContent: origin.replace("/*", "") })),
  );
document.getElementById("allow").addEventListener("click", () => {
  void chrome.permissions.request({ origins }).finally(() => close());
});
document.getElementById("deny").addEventListener("click", () => close());
