// A service worker that makes a picture's answer itself.
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname === "/made.jpg") event.respondWith(fetch("/i/76.jpg"));
});
