// One upload: what is posted, and what the answer means. Pages post with XMLHttpRequest, which tells progress; the
// service worker has fetch alone.

const BUSY = new Set([429, 502, 503, 504, 507]);

/** A fresh CSRF token: the page's own may be older than its session. */
export async function token() {
  const answer = await fetch("/token", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no token");
  return (await answer.json()).token;
}

function body(entry, csrf) {
  const form = new FormData();
  form.set("csrf_token", csrf);
  form.set("key", entry.key);
  if (entry.asClip) form.set("as_clip", "true");
  if (entry.numbersOnly) form.set("numbers_only", "true");
  if (entry.address) form.set("url", entry.address);
  else form.set("file", entry.file, entry.name);
  return form;
}

/** {where, line} once it is there; {later} when the server is busy; {refused} with the fragment that says why. */
function outcome(status, where, text) {
  if (status === 201) return { where, line: text };
  return BUSY.has(status) ? { later: true, refused: text } : { refused: text };
}

const HEADERS = { "HX-Request": "true", Accept: "text/html" };

/** For the service worker. Rejects when the server cannot be reached. */
export async function sendQuietly(entry) {
  const answer = await fetch("/analyses", { method: "POST", headers: HEADERS, body: body(entry, await token()) });
  return outcome(answer.status, answer.headers.get("Location"), await answer.text());
}

/**
 * For pages: `progress(share)` is told how much has left this device. Rejects when the server cannot be reached.
 * @param {object} entry @param {{csrf?: string, progress?: (share: number) => void, signal?: AbortSignal}} [how]
 */
export async function send(entry, { csrf, progress, signal } = {}) {
  const known = csrf || (await token());
  const answer = await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onload = () => resolve(request);
    request.onerror = request.ontimeout = () => reject(new Error("unreachable"));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.open("POST", "/analyses");
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.send(body(entry, known));
  });
  if (csrf && answer.status === 400 && answer.responseText.includes("csrf_failed")) {
    return send(entry, { progress, signal }); // a page from the cache, of an older session
  }
  return outcome(answer.status, answer.getResponseHeader("Location"), answer.responseText);
}
