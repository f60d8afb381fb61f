// Comfort on top of pages that work without it.

import { start } from "./js/install.js";
import { greet, resume } from "./js/intake.js";
import { keep, list } from "./js/kept.js";
import { fill } from "./js/names.js";

greet();
list();
fill();
start().then(keep);
document.addEventListener("htmx:afterSettle", () => {
  for (const link of document.querySelectorAll(".top a.link")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  keep();
  fill();
  if (document.getElementById("files")?.children.length === 0) resume();
});

// Tools to look closer come when they are opened.
document.addEventListener(
  "toggle",
  async ({ target }) => {
    if (target.matches?.("[data-closer]") && target.open) (await import("./js/closer.js")).open(target);
  },
  true,
);

// An answer that comes when what asked for it is gone belongs to nobody: Cancel replaces a poll that is under way.
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  elt.addEventListener("htmx:beforeOnLoad", (event) => elt.isConnected || event.preventDefault(), { once: true });
});
