// Copies the browser's libraries from node_modules to static/vendor, as they were published. Runs after "npm ci".
import { copyFileSync, mkdirSync } from "node:fs";

const root = new URL("../", import.meta.url);
const files = {
  "htmx.js": "htmx.org/dist/htmx.min.js",
  "chart.js": "chart.js/dist/chart.umd.min.js",
};

mkdirSync(new URL("static/vendor/", root), { recursive: true });
for (const [name, source] of Object.entries(files)) {
  copyFileSync(new URL(`node_modules/${source}`, root), new URL(`static/vendor/${name}`, root));
}
