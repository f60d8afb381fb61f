// Comfort on top of pages that work without it.

import { start } from "./js/install.js";
import { greet, resume } from "./js/intake.js";
import { keep, list } from "./js/kept.js";

greet();
list();
start().then(keep);
document.addEventListener("htmx:afterSettle", () => {
  for (const link of document.querySelectorAll(".top a.link")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  keep();
  if (document.getElementById("files")?.children.length === 0) resume();
});

// A poll that is still under way must not answer into a page that has moved on: Cancel replaces what it belongs to.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const polled = document.getElementById("progress");
  if (!polled || detail.requestConfig?.elt === polled) return;
  polled.dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true, detail: { elt: polled } }));
});
