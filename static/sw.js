// The service worker: the site starts offline, read reports stay readable, shared files are taken, waiting ones sent.
// /sw.js calls `serve` with the version of the static files, so a changed file makes a new worker with a cache of its own.

import * as outbox from "./js/outbox.js";
import { sendQuietly } from "./js/send.js";

const REPORTS = "reports";
const DELETED = /^\/(?:analyses|history)\/(?:([\w-]{22})\/)?delete$/;

export function serve({ version, shell }) {
  const mine = `shell-${version}`;

  addEventListener("install", (event) => {
    event.waitUntil(caches.open(mine).then((cache) => cache.addAll(shell)));
  });

  addEventListener("activate", (event) => {
    event.waitUntil(
      (async () => {
        for (const name of await caches.keys())
          if (name.startsWith("shell-") && name !== mine) await caches.delete(name);
        await clients.claim();
      })(),
    );
  });

  addEventListener("message", (event) => {
    if (event.data === "take over") skipWaiting();
  });

  addEventListener("sync", (event) => {
    if (event.tag === "outbox") event.waitUntil(drain());
  });

  addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (url.origin !== location.origin) return;
    if (request.method === "POST") {
      const deleted = DELETED.exec(url.pathname);
      if (deleted) event.waitUntil(forget(deleted[1]));
      if (url.pathname === "/share") event.respondWith(share(request));
    } else if (request.method !== "GET") {
      return;
    } else if (url.pathname.startsWith("/static/")) {
      event.respondWith(asset(request, url));
    } else if (request.mode === "navigate") {
      event.respondWith(page(event, request, url));
    } else if (/^\/analyses\/[\w-]{22}\/./.test(url.pathname) && request.destination === "image") {
      event.respondWith(fetch(request).catch(() => kept(request)));
    }
  });

  /** Static files never change under their address. Those of an older version serve reports kept from its days. */
  async function asset(request, url) {
    const known = await caches.match(request, { cacheName: mine });
    if (known) return known;
    try {
      const answer = await fetch(request);
      if (answer.ok) await (await caches.open(mine)).put(request, answer.clone());
      if (answer.status !== 404) return answer;
    } catch {
      // offline: below
    }
    const today = url.pathname.replace(/^\/static\/[^/]+/, `/static/${version}`);
    return (await caches.match(today, { cacheName: mine })) ?? Response.error();
  }

  /** The pages shown offline are kept in the language in which pages come now. */
  async function follow(language) {
    const cache = await caches.open(mine);
    const known = (await cache.match("/offline"))?.headers.get("Content-Language");
    if (language && known !== language) await cache.addAll(shell.filter((path) => !path.startsWith("/static/")));
  }

  /** The network's word first; without it what is kept; else a page that says so. */
  async function page(event, request, url) {
    try {
      const answer = await fetch(request);
      const report = /^\/analyses\/([\w-]{22})$/.exec(url.pathname);
      if (report && (answer.status === 404 || answer.status === 410)) await forget(report[1]);
      if (answer.ok && !answer.redirected && shell.includes(url.pathname)) {
        await (await caches.open(mine)).put(url.pathname, answer.clone());
      }
      event.waitUntil(follow(answer.headers.get("Content-Language")).catch(() => undefined));
      return answer;
    } catch {
      const at = { cacheName: mine };
      return (
        (await caches.match(url.pathname, { cacheName: REPORTS })) ??
        (await caches.match(url.pathname, at)) ??
        (await caches.match("/offline", at)) ??
        Response.error()
      );
    }
  }
}

async function kept(what) {
  return (await caches.match(what, { cacheName: REPORTS })) ?? Response.error();
}

/** A deleted report leaves this device too; without an id all do. */
async function forget(id) {
  if (!id) return caches.delete(REPORTS);
  const reports = await caches.open(REPORTS);
  for (const one of await reports.keys()) if (one.url.includes(`/analyses/${id}`)) await reports.delete(one);
}

/** Another app shares files: they are laid in the outbox, and the page that opens sends them with its token. */
async function share(request) {
  let taken = 0;
  let address = "";
  try {
    const data = await request.formData();
    for (const file of data.getAll("file")) {
      if (!(file instanceof File) || !file.size) continue;
      await outbox.take(file);
      taken += 1;
    }
    const words = ["url", "text", "title"].map((name) => data.get(name) ?? "").join(" ");
    address = /https?:\/\/\S+/.exec(words)?.[0] ?? "";
  } catch {
    // no form at all: what waits already stays
  }
  const next = taken ? "/?shared=files" : address ? `/?address=${encodeURIComponent(address)}` : "/?shared=nothing";
  return Response.redirect(next, 303);
}

/** Throws while something is left, so that the browser tries again later. */
async function drain() {
  if (!(await outbox.drain(sendQuietly))) throw new Error("files still wait");
}
