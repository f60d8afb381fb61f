// Ways in: choose, drop, paste, photograph, an address; one file or many. Each has a line of its own that tells how far
// it is. Listens on the document, so that what htmx swaps in needs no wiring.

import * as outbox from "./outbox.js";
import { picture, show } from "./preview.js";
import { send } from "./send.js";

const AT_ONCE = 2;
const BUSY_PAUSE = 15_000;
const lines = new Map(); // key → its line
let queue = [];
let sending = 0;

const form = () => document.getElementById("upload");
const asClip = () => form()?.elements.as_clip?.checked ?? false; // a page kept offline may be older than the box
const csrf = () => form()?.elements.csrf_token.value;

export function announce(text) {
  const place = document.getElementById("announce");
  if (place) place.textContent = text;
}

export function complain(text) {
  const place = document.getElementById("notice");
  const notice = document.createElement("p");
  notice.className = "card caution";
  notice.textContent = text;
  place?.replaceChildren(notice);
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
    this.button.setAttribute("aria-label", `Remove ${entry.name}`);
    this.button.addEventListener("click", () => this.remove());
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
      bar.setAttribute("aria-label", `Upload of ${this.entry.name}`);
      this.says(share < 1 ? "Sending…" : "Sent.");
      this.state.prepend(bar);
    }
    bar.value = 100 * share;
  }

  /** The server's own words, from the fragment it answers with. */
  refused(fragment) {
    const problem = new DOMParser().parseFromString(fragment, "text/html").getElementById("problem");
    const words = [...(problem?.querySelectorAll("p:not(.code)") ?? [])].map((p) => p.textContent.trim()).join(" ");
    this.says(words || "The server refused this file.", "bad");
    announce(`${this.entry.name}: ${words}`);
  }

  sent({ where, line }) {
    this.button.hidden = true;
    this.state.innerHTML = line || `<p class="line"><a class="link" href="${encodeURI(where)}">Report</a></p>`;
    for (const link of this.state.querySelectorAll("a")) link.title = this.entry.name;
    globalThis.htmx.process(this.state);
    announce(`${this.entry.name} was sent.`);
  }

  /** Kept on this device, in the outbox. */
  waits() {
    this.says("Kept on this device. It is sent as soon as the server can be reached.");
  }

  async remove() {
    this.stop.abort();
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
    const line = new Line(outbox.entry(file, "", asClip()));
    taken.push(line);
    if (file.size > most) {
      const megabytes = (count) => Math.round(count / 1048576);
      line.says(`The file has ${megabytes(file.size)} MB; at most ${megabytes(most)} MB are accepted here.`, "bad");
      line.over = true;
      announce(`${file.name}: ${line.state.textContent}`);
    } else {
      line.says("Next…");
      queue.push(line);
    }
  }
  taken[0]?.item.scrollIntoView({ block: "nearest" }); // on small screens the list begins below what is seen
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
    if (problem.name !== "AbortError") await wait(line);
  }
}

async function again(line, outcome) {
  line.refused(outcome.refused);
  await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE));
  if (!line.stop.signal.aborted) queue.push(line);
}

function settle(line, outcome) {
  if (!outcome.where) {
    line.over = true;
    line.refused(outcome.refused);
    line.item.scrollIntoView({ block: "nearest" });
  } else if ([...lines.values()].every((one) => one === line || one.over) && form()) {
    lead(line, outcome.where);
  } else {
    line.sent(outcome);
  }
}

/** A single file: its own page takes the place of this one. */
function lead(line, where) {
  lines.clear();
  line.drawn?.then(() => line.picture && show(line.picture, where));
  globalThis.htmx.ajax("GET", where, { target: "#main", select: "#main", swap: "outerHTML show:window:top" });
}

/** The server cannot be reached: the file stays on this device until it can. */
async function wait(line) {
  try {
    await outbox.keep(line.entry);
    line.waits();
    announce(`${line.entry.name} is kept on this device and sent later.`);
    const worker = await navigator.serviceWorker?.getRegistration();
    await worker?.sync?.register("outbox");
  } catch {
    line.says("The server cannot be reached, and this browser keeps no files for later. Please try again.", "bad");
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
    if (!left.has(key) && !ours.has(key)) lines.get(key)?.says("Sent by another tab. Its report is among your checks.");
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
  if (!["file", "camera"].includes(event.target.id) || !event.target.files.length) return;
  take([...event.target.files]);
  event.target.value = "";
});

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!form() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form().classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name === "drop") take([...event.dataTransfer.files]);
  });
}

document.addEventListener("paste", (event) => {
  if (!form() || !event.clipboardData?.files.length) return;
  event.preventDefault();
  take([...event.clipboardData.files]);
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "address") {
    event.preventDefault();
    const line = new Line(outbox.entry(null, event.target.elements.url.value.trim(), asClip()));
    queue.push(line);
    event.target.reset();
    pump();
  }
});

document.addEventListener("click", async (event) => {
  if (!event.target.closest?.("#paste")) return;
  try {
    const files = [];
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((one) => one.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], "pasted picture", { type }));
    }
    if (files.length) take(files);
    else complain("There is no picture on the clipboard.");
  } catch {
    complain("This browser did not let the page read the clipboard.");
  }
});

document.addEventListener("htmx:sendError", (event) => {
  if (!event.target.closest(".line, #progress"))
    complain("The server cannot be reached. Is it running, and are you online?");
});

addEventListener("online", resume);
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});

/** What another app has shared, or failed to. */
export function greet() {
  if (form()) {
    form().elements.file.multiple = true; // without scripts it is one
    document.getElementById("paste").hidden = !navigator.clipboard?.read;
  }
  const asked = new URLSearchParams(location.search);
  if (asked.get("shared") === "nothing") {
    complain("The other app handed over no file. Please choose it here.");
  }
  const address = document.querySelector("#address input[name=url]");
  if (address && asked.get("address")) address.value = asked.get("address");
  if (location.pathname === "/" && location.search) history.replaceState(null, "", "/");
  return resume();
}
