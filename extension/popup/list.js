// The list of a page's checks: what most looks made by AI first; a press goes to the picture. As a table in a file, too.

import { say } from "../words.js";

const COLUMNS = ["verdict", "score", "confidence", "state", "copy", "way", "sha256", "report"];

/** The checks that have ended, as the server ranks them, what failed last. @param {Job[]} jobs */
export function ordered(jobs) {
  /** @param {Job} job */
  const rank = ({ check }) => check?.result?.rank ?? -Infinity;
  return jobs.filter(({ state }) => state === "done" || state === "failed").sort((a, b) => rank(b) - rank(a));
}

/**
 * The rows of the list. Where nothing has changed they stay, and with them the focus.
 * @param {HTMLElement} list @param {Job[]} jobs @param {Record<string, string>} texts @param {(job: Job) => void} go
 */
export function draw(list, jobs, texts, go) {
  const shown = jobs.map(({ key, state, check }) => `${key} ${state} ${check?.result?.rank}`).join();
  if (list.dataset.shown === shown) return;
  const had = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;
  list.dataset.shown = shown;
  list.replaceChildren(...jobs.map((job) => row(job, texts, go)));
  if (had) list.querySelector(`[data-key="${had}"]`)?.focus();
}

/**
 * How many there are of each verdict, the most AI-like first, and how many failed.
 * @param {HTMLElement} list @param {Job[]} jobs @param {Record<string, string>} texts
 */
export function tally(list, jobs, texts) {
  const rows = new Map();
  for (const { check } of jobs) {
    if (!check?.result) continue;
    const { word, tone } = check.result;
    rows.set(word, { tone, count: (rows.get(word)?.count ?? 0) + 1 });
  }
  const failed = jobs.filter(({ state }) => state === "failed").length;
  const made = [...rows].map(([word, { tone, count }]) => {
    const item = make("li", { lang: "en" }, make("b", {}, count), ` ${word}`);
    item.dataset.tone = tone;
    return item;
  });
  if (failed) made.push(make("li", { lang: texts.language }, say(texts, "popup_failed", failed)));
  list.replaceChildren(...made);
}

/**
 * What is said of a picture: the server's word and score, and by what it is called on its page, or why it failed.
 * @param {Job} job @param {Record<string, string>} texts @param {(job: Job) => void} go
 */
function row(job, texts, go) {
  const { result } = job.check ?? {};
  const isScored = typeof result?.shown_score === "number";
  const score = isScored ? [result.shown_score, make("span", { className: "unseen", lang: "en" }, " of 100")] : [];
  const about = result ? job.name : reason(job.problem, texts);
  const button = make(
    "button",
    { type: "button", className: result ? "found" : "found failed" },
    job.thumb ? make("img", { src: job.thumb, alt: "", width: 40, height: 40 }) : make("i", {}),
    make(
      "span",
      { className: "title" },
      make("span", { lang: result ? "en" : texts.language }, result ? result.word : say(texts, "badge_failed")),
      about ? make("small", {}, about) : "",
    ),
    make("b", {}, ...score),
  );
  button.dataset.key = job.key;
  button.dataset.tone = result?.tone ?? "unknown";
  button.addEventListener("click", () => go(job));
  return make("li", {}, button);
}

/** @param {Problem | undefined} problem @param {Record<string, string>} texts */
function reason(problem, texts) {
  if (!problem) return "";
  return problem.sentence ?? texts[`problem_${problem.code}`] ?? texts.problem_strange;
}

/** Save the list as CSV. @param {Job[]} jobs @param {string} server */
export function save(jobs, server) {
  const href = URL.createObjectURL(new Blob([table(jobs, server)], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: "checks.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** One check a line. @param {Job[]} jobs @param {string} server */
function table(jobs, server) {
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

function make(tag, properties, ...inside) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
}
