// Reports that were read stay readable offline: page and pictures, the newest thirty, until they are deleted.

const MOST = 30;
const REPORT = /^\/analyses\/[\w-]{22}$/;
const PAUSES = [0, 1, 4, 15]; // seconds before each try: a connection may break, a server may be busy
const LONGEST = 20_000; // milliseconds for one try: a connection that hangs must not hold up the next
const SHELL = `shell-${new URL(import.meta.url).pathname.split("/")[2]}`;

let turn = Promise.resolve(); // of copies: one after the other
let isAsked = false; // for a copy that has not begun
let isLeaving = false; // deleting and signing out take away what is kept: nothing must be kept again meanwhile

document.addEventListener("submit", (event) => {
  isLeaving ||= !event.defaultPrevented;
});

/** Keep the report on this page; not where all is forgotten meanwhile. One swap asks many times: that is one copy. */
export function keep() {
  if (isAsked) return;
  isAsked = true;
  turn = turn.then(keepPatiently);
}

async function keepPatiently() {
  isAsked = false; // what is asked from here on may have changed since
  for (const pause of PAUSES) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
    try {
      return await keepWhole();
    } catch {
      // once more, or not at all
    }
  }
}

async function keepWhole() {
  const where = location.pathname;
  if (!REPORT.test(where) || !document.querySelector("article.report")) return;
  if (isLeaving || !navigator.serviceWorker || !navigator.onLine) return;
  if (!navigator.serviceWorker.controller) throw new Error("nothing serves this page offline yet");
  const signal = AbortSignal.timeout(LONGEST);
  const page = await fetch(where, { headers: { Accept: "text/html" }, signal });
  if (page.status >= 500 || page.status === 429) throw new Error("busy");
  if (!page.ok) return;
  const reports = await caches.open("reports");
  const held = new DOMParser().parseFromString(await page.clone().text(), "text/html");
  if (held.querySelector("#rest[hx-get]")) {
    if (document.querySelector("#rest[hx-get]")) return; // kept when all of it is there
    throw new Error("an older answer than this page's");
  }
  const pictures = [...held.querySelectorAll("[src]")].map((one) => one.getAttribute("src"));
  const own = [...new Set(pictures)].filter((src) => src.startsWith(`${where}/`));
  await Promise.all(own.map((src) => reports.add(new Request(src, { signal }))));
  if (isLeaving) return;
  const used = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
  const shell = await caches.open(SHELL);
  for (const path of used) {
    if (path.startsWith("/static/") && !(await shell.match(path))) await shell.add(new Request(path, { signal }));
  }
  await reports.delete(where); // put again it counts as the newest
  if (isLeaving) return;
  await reports.put(where, page); // after all it shows: what is offered offline is whole
  const pages = (await reports.keys()).filter((one) => REPORT.test(new URL(one.url).pathname));
  for (const old of pages.slice(0, -MOST)) await forget(new URL(old.url).pathname);
}

/** Remove a report with its pictures. */
async function forget(where) {
  const reports = await caches.open("reports");
  for (const one of await reports.keys()) {
    if (`${new URL(one.url).pathname}/`.startsWith(`${where}/`)) await reports.delete(one);
  }
}

/** On the offline page: what can be read now. */
export async function list() {
  const place = document.getElementById("kept");
  if (!place || !globalThis.caches) return;
  const reports = await caches.open("reports");
  for (const one of [...(await reports.keys())].reverse()) {
    const where = new URL(one.url).pathname;
    if (!REPORT.test(where)) continue;
    const page = await reports.match(one);
    if (!page) continue; // deleted meanwhile
    const title = new DOMParser().parseFromString(await page.text(), "text/html").title.split(" · ")[0];
    const link = Object.assign(document.createElement("a"), { href: where, textContent: title });
    const when = document.createElement("span");
    when.className = "quiet";
    when.textContent = new Date(page.headers.get("Date") ?? 0).toLocaleString([], {
      dateStyle: "medium",
      timeStyle: "short",
    });
    const item = document.createElement("li");
    item.append(link, " ", when);
    place.append(item);
  }
  document.getElementById("kept-none").hidden = place.children.length > 0;
}
