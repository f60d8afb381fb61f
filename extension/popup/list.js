// The list of a page's checks: what most looks made by AI first; a press goes to the picture. As a table in a file, too.

import { say } from "../words.js";

const COLUMNS = ["verdict", "score", "confidence", "state", "copy", "way", "sha256", "report"];

/** The checks that have ended, worst first: by score, what its own file says before all, what failed last. */
export function ordered(jobs) {
  const weight = ({ check }) => {
    if (!check?.result) return -2;
    return check.result.verdict === "proven_ai" ? 101 : (check.result.score ?? -1);
  };
  return jobs.filter(({ state }) => state === "done" || state === "failed").sort((a, b) => weight(b) - weight(a));
}

/** The rows of the list. Where nothing has changed they stay, and with them the focus. */
export function draw(list, jobs, texts, go) {
  const shown = jobs.map(({ key, state }) => `${key} ${state}`).join();
  if (list.dataset.shown === shown) return;
  const had = document.activeElement?.dataset.key;
  list.dataset.shown = shown;
  list.replaceChildren(...jobs.map((job) => row(job, texts, go)));
  if (had) list.querySelector(`[data-key="${had}"]`)?.focus();
}

function row(job, texts, go) {
  const result = job.check?.result;
  const button = make("button", { type: "button", className: "found" });
  button.dataset.key = job.key;
  button.dataset.tone = result?.tone ?? "unknown";
  const title = make("span", { className: "title", lang: result ? "en" : texts.language });
  title.textContent = result ? result.title.split(/[:,]/)[0] : say(texts, "badge_failed");
  const score = make("b", { textContent: typeof result?.score === "number" ? Math.floor(result.score) : "" });
  const thumb = job.thumb ? make("img", { src: job.thumb, alt: "", width: 40, height: 40 }) : make("i", {});
  button.append(thumb, title, score);
  button.addEventListener("click", () => go(job));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** The same as CSV, one check a line. */
export function table(jobs, server) {
  const lines = jobs.map(({ check, state, copy, sha256 }) => {
    const { verdict, score, confidence } = check?.result ?? {};
    const report = check?.page ? new URL(check.page, server).href : "";
    return [verdict, score, confidence, state, copy?.what, copy?.way, sha256, report];
  });
  return [COLUMNS, ...lines].map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** Spreadsheets take what begins like a formula for one. */
function cell(value) {
  const text = String(value ?? "");
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
