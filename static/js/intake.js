// Ways in: choose, drop, paste, photograph, an address; one file or many. Each has a line of its own that tells how far
// it is. Listens on the document, so that what htmx swaps in needs no wiring.

import * as names from "./names.js";
import * as outbox from "./outbox.js";
import { picture, show } from "./preview.js";
import { send } from "./send.js";
import { say } from "./words.js";

const AT_ONCE = 2;
const BUSY_PAUSE = 15_000;
const lines = new Map(); // key → its line
let queue = [];
let sending = 0;

const form = () => document.getElementById("upload");
const asClip = () => form()?.elements.as_clip?.checked ?? false; // a page kept offline may be older than the box
const numbersOnly = () => form()?.elements.numbers_only?.checked ?? false;
const csrf = () => form()?.elements.csrf_token.value;

export function announce(text) {
  const place = document.getElementById("announce");
  if (place) place.textContent = text;
}

export function complain(text) {
  const notice = Object.assign(document.createElement("p"), { className: "card caution", textContent: text });
  document.getElementById("notice")?.replaceChildren(notice);
}

/** One entry of the list. */
class Line {
  constructor(entry) {
    this.entry = entry;
    this.stop = new AbortController();
    this.over = false; // refused: it stays in the list, and nothing more becomes of it
    const made = document.getElementById("file-line").content.cloneNode(true);
    this.item = made.querySelector("li");
    this.state = this.item.querySelector(".file-state");
    this.item.querySelector(".file-name").textContent = entry.name;
    this.button = this.item.querySelector("button");
    this.button.setAttribute("aria-label", say("Remove {name}", { name: entry.name }));
    this.button.addEventListener("click", () => this.remove());
    this.where = "";
    const list = document.getElementById("files");
    list.hidden = false;
    list.append(this.item);
    lines.set(entry.key, this);
    if (entry.file) this.drawn = this.draw();
  }

  async draw() {
    this.picture = await picture(this.entry.file);
    if (!this.picture) return;
    const image = this.item.querySelector("img");
    image.onload = () => {
      image.hidden = false;
    };
    image.src = this.picture;
  }

  says(text, tone = "") {
    const said = document.createElement("p");
    said.className = `says ${tone}`;
    said.textContent = text;
    this.state.replaceChildren(said);
  }

  progress(share) {
    let bar = this.state.querySelector("progress.upload");
    if (!bar) {
      bar = Object.assign(document.createElement("progress"), { max: 100, className: "upload" });
      bar.setAttribute("aria-label", say("Upload of {name}", { name: this.entry.name }));
      this.says(share < 1 ? say("Sending…") : say("Sent."));
      this.state.prepend(bar);
    }
    bar.value = 100 * share;
  }

  /** The server's own words, from the fragment it answers with. */
  refused(fragment) {
    const problem = new DOMParser().parseFromString(fragment, "text/html").getElementById("problem");
    const words = [...(problem?.querySelectorAll("p:not(.code)") ?? [])].map((p) => p.textContent.trim()).join(" ");
    this.says(words || say("The server refused this file."), "bad");
    announce(`${this.entry.name}: ${words}`);
  }

  sent({ where, line }) {
    this.where = where;
    const label = say("Take {name} off this list; its report stays among your checks", { name: this.entry.name });
    this.button.setAttribute("aria-label", label);
    this.state.innerHTML =
      line || `<p class="line"><a class="link" href="${encodeURI(where)}">${say("Report")}</a></p>`;
    for (const link of this.state.querySelectorAll("a")) link.title = this.entry.name;
    globalThis.htmx.process(this.state);
  }

  /** Of an earlier visit of this page: asks the server how it stands. */
  restore(where) {
    this.over = true; // a single further file leads to its report all the same
    this.sent({
      where,
      line: `<p class="line" hx-get="${encodeURI(where)}/line" hx-trigger="load, every 4s" hx-swap="outerHTML"></p>`,
    });
  }

  /** Kept on this device, in the outbox. */
  waits() {
    this.says(say("Kept on this device. It is sent as soon as the server can be reached."));
  }

  async remove() {
    this.stop.abort();
    if (this.where) names.unlist(this.where);
    queue = queue.filter((line) => line !== this);
    lines.delete(this.entry.key);
    this.item.remove();
    if (this.picture) URL.revokeObjectURL(this.picture);
    const list = document.getElementById("files");
    if (list && !list.children.length) list.hidden = true;
    form()?.querySelector("input[type=file]").focus();
    await outbox.remove(this.entry.key).catch(() => undefined); // without a store nothing was kept
  }
}

/** Take files in; a single one leads to its report. */
export function take(files) {
  document.getElementById("notice").replaceChildren();
  const most = Number(form().dataset.maxBytes);
  const taken = [];
  for (const file of files) {
    const line = new Line(outbox.entry(file, "", asClip(), numbersOnly()));
    taken.push(line);
    if (file.size > most) {
      const megabytes = (count) => Math.round(count / 1048576);
      const sizes = { size: megabytes(file.size), most: megabytes(most) };
      line.says(say("The file has {size} MB; at most {most} MB are accepted here.", sizes), "bad");
      line.over = true;
      announce(`${file.name}: ${line.state.textContent}`);
    } else {
      line.says(say("Next…"));
      queue.push(line);
    }
  }
  taken[0]?.item.scrollIntoView({ block: "center" }); // on small screens the list begins below what is seen
  if (taken.length === 1) announce(say("{name} is taken.", { name: taken[0].entry.name }));
  else if (taken.length) announce(say("{count} files are taken.", { count: taken.length }));
  pump();
}

function pump() {
  while (sending < AT_ONCE && queue.length) {
    sending += 1;
    const line = queue.shift();
    deliver(line).finally(() => {
      sending -= 1;
      pump();
    });
  }
}

async function deliver(line) {
  line.progress(0);
  try {
    const outcome = await send(line.entry, {
      csrf: csrf(),
      signal: line.stop.signal,
      progress: (share) => line.progress(share),
    });
    if (outcome.later) await again(line, outcome);
    else settle(line, outcome);
  } catch (problem) {
    if (!(problem instanceof DOMException && problem.name === "AbortError")) await wait(line);
  }
}

async function again(line, outcome) {
  line.refused(outcome.refused);
  await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE));
  if (!line.stop.signal.aborted) queue.push(line);
}

function settle(line, outcome) {
  if (outcome.where) names.remember(outcome.where, line.entry.name, line.entry.address);
  if (!outcome.where) {
    line.over = true;
    line.refused(outcome.refused);
    line.item.scrollIntoView({ block: "nearest" });
  } else if ([...lines.values()].every((one) => one === line || one.over) && form()) {
    lead(line, outcome.where);
  } else {
    line.sent(outcome);
    announce(say("{name} was sent.", { name: line.entry.name }));
  }
}

/** A single file: its own page takes the place of this one. */
function lead(line, where) {
  lines.clear();
  line.drawn?.then(() => line.picture && show(line.picture, where, line.entry.file));
  globalThis.htmx.ajax("GET", where, { target: "#main", select: "#main", swap: "outerHTML show:window:top" });
}

/** The server cannot be reached: the file stays on this device until it can. */
async function wait(line) {
  try {
    await outbox.keep(line.entry);
    line.waits();
    announce(say("{name} is kept on this device and sent later.", { name: line.entry.name }));
    const worker = await navigator.serviceWorker?.getRegistration();
    await worker?.sync?.register("outbox");
  } catch {
    line.says(say("The server cannot be reached, and this browser keeps no files for later. Please try again."), "bad");
  }
}

let turn = Promise.resolve();

/** Show what waits on this device, and send it; one time after the other. */
export function resume() {
  return (turn = turn.then(sendWaiting, sendWaiting));
}

async function sendWaiting() {
  if (!form() || !globalThis.indexedDB) return;
  const known = await outbox.all().catch(() => []);
  for (const one of known) if (!lines.has(one.key)) new Line(one).waits();
  if (!known.length) return;
  const ours = new Map();
  await outbox.drain(async (one) => {
    const line = lines.get(one.key) ?? new Line(one);
    const outcome = await send(one, { signal: line.stop.signal, progress: (share) => line.progress(share) });
    if (outcome.where) ours.set(one.key, { ...one, ...outcome, state: "sent" });
    return outcome;
  });
  const left = new Map((await outbox.all()).map((one) => [one.key, one])); // another tab may have told of some already
  for (const { key } of known) {
    if (!left.has(key) && !ours.has(key))
      lines.get(key)?.says(say("Sent by another tab. Its report is among your checks."));
  }
  for (const one of new Map([...ours, ...left]).values()) {
    const line = lines.get(one.key);
    if (!line) continue;
    if (one.state === "waiting") {
      line.waits();
    } else {
      if (one.state === "sent") await outbox.remove(one.key); // told here, and found in the history
      settle(line, one);
    }
  }
}

document.addEventListener("change", (event) => {
  if (!form() || event.target.form !== form() || event.target.type !== "file" || !event.target.files.length) return;
  take([...event.target.files]);
  event.target.value = "";
});

/** The address in a text that is nothing else, or "". */
function addressIn(text) {
  const only =
    text
      ?.trim()
      .split(/[\r\n]+/)
      .find((line) => !line.startsWith("#")) ?? "";
  return /^https?:\/\/\S+$/i.test(only) ? only : "";
}

/** Check what lies at an address: the server fetches it. */
function takeAddress(address) {
  const line = new Line(outbox.entry(null, address, asClip(), numbersOnly()));
  line.item.scrollIntoView({ block: "center" });
  queue.push(line);
  pump();
}

for (const name of /** @type {const} */ (["dragenter", "dragover", "dragleave", "drop"])) {
  document.addEventListener(name, (event) => {
    const kinds = event.dataTransfer?.types ?? [];
    if (!form() || !(kinds.includes("Files") || kinds.includes("text/uri-list"))) return;
    event.preventDefault();
    form().classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name !== "drop") return;
    const files = event.dataTransfer?.files ?? [];
    const address = addressIn(event.dataTransfer?.getData("text/uri-list"));
    if (files.length) take([...files]);
    else if (address) takeAddress(address);
  });
}

document.addEventListener("paste", (event) => {
  if (!form() || !event.clipboardData) return;
  const isTyping = event.target.closest?.("input, textarea");
  const address = isTyping ? "" : addressIn(event.clipboardData.getData("text/plain"));
  if (!event.clipboardData.files.length && !address) return;
  event.preventDefault();
  if (event.clipboardData.files.length) take([...event.clipboardData.files]);
  else takeAddress(address);
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "address") {
    event.preventDefault();
    takeAddress(event.target.elements.url.value.trim());
    event.target.reset();
  }
});

// A picture to try: fetched from this server like any other file, and sent like one.
document.addEventListener("click", async (event) => {
  const sample = event.target.closest?.("a[data-sample]");
  if (!sample || !form()) return;
  event.preventDefault();
  try {
    const answer = await fetch(sample.href);
    if (!answer.ok) throw new Error(String(answer.status));
    const bytes = await answer.blob();
    take([new File([bytes], sample.dataset.sample, { type: bytes.type })]);
  } catch {
    complain(say("That picture could not be loaded. Please try again."));
  }
});

document.addEventListener("click", async (event) => {
  if (!event.target.closest?.("#paste")) return;
  try {
    const files = [];
    let address = "";
    for (const item of await navigator.clipboard.read()) {
      if (item.types.includes("text/plain")) address ||= addressIn(await (await item.getType("text/plain")).text());
      const type = item.types.find((one) => one.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], say("pasted picture"), { type }));
    }
    if (files.length) take(files);
    else if (address) takeAddress(address);
    else complain(say("There is no picture and no address on the clipboard."));
  } catch {
    complain(say("This browser did not let the page read the clipboard."));
  }
});

// What asks by itself goes on asking; what a person asked for is to be asked again.
let isGone = false;
document.addEventListener("htmx:sendError", (event) => {
  isGone = Boolean(event.target.closest(".line, #progress"));
  complain(
    isGone
      ? say("The server cannot be reached just now. This page keeps asking, and goes on by itself.")
      : say("The server cannot be reached. Is it running, and are you online?"),
  );
});
document.addEventListener("htmx:afterOnLoad", () => {
  if (!isGone) return;
  isGone = false;
  document.getElementById("notice")?.replaceChildren();
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.target.matches?.(".line") && event.detail.xhr.status === 404) {
    // deleted meanwhile
    [...lines.values()].find((one) => one.item.contains(event.target))?.remove();
    document.getElementById("notice")?.replaceChildren();
  }
});

addEventListener("online", resume);
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});

/** What this tab has sent before: Back finds it again. */
function restore() {
  if (!form() || lines.size) return;
  if (!navigator.onLine) {
    addEventListener("online", restore, { once: true }); // their state is asked of the server
    return;
  }
  for (const where of names.listed()) {
    new Line({ key: where, name: names.known(where)?.name ?? say("picture") }).restore(where);
  }
}

/** What another app has shared, or failed to. */
export function greet() {
  if (form()) {
    form().elements.file.multiple = true; // without scripts it is one
    document.getElementById("paste").hidden = !navigator.clipboard?.read;
  }
  const asked = new URLSearchParams(location.search);
  if (asked.get("shared") === "nothing") {
    complain(say("The other app handed over no file. Please choose it here."));
  }
  const address = document.querySelector("#address input[name=url]");
  if (address && asked.get("address")) address.value = asked.get("address");
  if (location.pathname === "/" && location.search) history.replaceState(null, "", "/");
  restore();
  return resume();
}
