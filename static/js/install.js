// The site as an app: its service worker, the button that installs it, the notice that a new version is there.

/** @type {InstallOffer | null} */
let offer = null;

const button = () => document.getElementById("install");

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  if (button()) button().hidden = false;
});

addEventListener("appinstalled", () => {
  offer = null;
  if (button()) button().hidden = true;
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#install") && offer) {
    offer.prompt();
    offer = null;
    button().hidden = true;
  }
});

function announce(worker) {
  const notice = document.getElementById("update");
  notice.hidden = false;
  notice.querySelector("button").addEventListener("click", () => worker.postMessage("take over"), { once: true });
}

export async function start() {
  if (!navigator.serviceWorker) return;
  const had = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (had && navigator.serviceWorker.controller) location.reload(); // not when signing out takes it away
  });
  try {
    const registration = await navigator.serviceWorker.register("/sw.js", { type: "module" });
    if (registration.waiting && had) announce(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => worker.state === "installed" && had && announce(worker));
    });
  } catch {
    // a private window, or a browser without module workers: the site works, online
  }
}
