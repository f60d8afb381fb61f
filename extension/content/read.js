// The ladder: the file's original bytes from the page, from the background, by the server if the user allows; then the
// page's pixels again; then a crop of the visible tab. The outcome always says which copy it is and how it was got.

detector.define("read", () => {
  "use strict";

  const { ask, send } = detector.link;
  const { copiesOf, kindOf } = detector.media;

  const PATIENCE = 25_000;
  const SHAPE = 0.04; // how much the sides of a linked original may differ from what is shown
  const LEAST_SHOT = 32; // CSS pixels

  /**
   * Get a copy of the item's medium to the background: `{copy: {what, way, …}}`, with `{url}` where the server fetches it,
   * and `{host}` where a better copy needs a host; or `{problem, host}`.
   */
  async function read(item, settings) {
    const { element, link } = item;
    if (link) return original(item, settings, [{ url: link, copy: "link" }]);
    const kind = kindOf(element);
    if (kind === "canvas") return (await redrawn(item, "canvas")) ?? (await shot(item, "canvas")) ?? unread("tainted");
    if (kind === "video") return video(item, settings);
    if (!kind) return unread("nothing");
    const got = await original(item, settings, copiesOf(element));
    if (!got.problem) return got;
    const seen = (await redrawn(item, "shown")) ?? (await shot(item, kind === "background" ? "background" : "shown"));
    return seen ? { ...seen, host: got.host } : got;
  }

  async function video(item, settings) {
    const { element } = item;
    let failed = null;
    if (!item.frame) {
      failed = await original(item, settings, copiesOf(element));
      if (!failed.problem) return failed;
    }
    const isStarted = element.readyState >= 2 && !(element.poster && element.currentTime === 0 && element.paused);
    if (!isStarted && element.poster) {
      const poster = await original(item, settings, [{ url: element.poster, copy: "poster" }]);
      if (!poster.problem) return poster;
      failed ??= poster;
    }
    const what = isStarted || !element.poster ? "frame" : "poster";
    const seen = (await redrawn(item, what)) ?? (await shot(item, what));
    return seen
      ? { ...seen, host: failed?.host, instead: item.frame ? undefined : failed?.problem.code }
      : (failed ?? unread("nothing"));
  }

  /** The original bytes of the best copy that can be had. */
  async function original(item, settings, copies) {
    let host = null;
    let code = "unread";
    for (const { url, copy, width } of copies) {
      const what = { what: copy, width };
      const measured = copy === "linked" ? shapeOf(item.element) : null;
      if (/^(https?|data|blob|file):/.test(url)) {
        const got = await inPage(url, settings.most);
        if (got.file && (!measured || (await isSameShape(got.file, measured)))) {
          await send(item.key, got.file);
          return { copy: { ...what, way: "page" } };
        }
        if (got.problem) code = got.problem;
        if (got.file) continue;
      }
      if (!/^https?:/.test(url)) continue;
      const got = await ask("fetch", { key: item.key, url, most: settings.most, measured });
      if (got.held) return { copy: { ...what, way: "extension" } };
      if (got.problem === "no-host") host ??= new URL(url).origin;
      if (got.problem === "too-large") code = "too-large";
    }
    const address = copies.map((one) => one.url).find((url) => /^https?:/.test(url));
    if (settings.serverFetch && address && code !== "too-large" && !item.past?.has("server")) {
      const { copy, width } = copies.find((one) => one.url === address);
      return { copy: { what: copy, way: "server", width }, url: address, host };
    }
    return unread(host ? "needs-host" : code, host);
  }

  async function inPage(url, most) {
    try {
      const answer = await fetch(url, { cache: "force-cache", signal: AbortSignal.timeout(PATIENCE) });
      const type = answer.headers.get("Content-Type") ?? "";
      if (!answer.ok || /^text\/html/.test(type)) return {};
      if (Number(answer.headers.get("Content-Length")) > most) return { problem: "too-large" };
      const file = await answer.blob();
      return file.size > most ? { problem: "too-large" } : file.size ? { file } : {};
    } catch {
      return {}; // another origin, as a rule
    }
  }

  function shapeOf({ naturalWidth = 0, naturalHeight = 0 }) {
    return naturalWidth && naturalHeight ? naturalWidth / naturalHeight : null;
  }

  /** Whether a linked file can be the same picture: a gallery may link to something else. */
  async function isSameShape(file, shape) {
    try {
      const { width, height } = await createImageBitmap(file);
      return Math.abs(Math.log(width / height / shape)) < SHAPE;
    } catch {
      return false;
    }
  }

  /** The pixels that the page itself could read: the picture drawn again, no longer the file. */
  async function redrawn({ element, key }, what) {
    const width = element.naturalWidth || element.videoWidth || element.width;
    const height = element.naturalHeight || element.videoHeight || element.height;
    if (!(width > 0 && height > 0) || what === "poster") return null;
    try {
      let canvas = element;
      if (element.localName !== "canvas") {
        canvas = document.createElement("canvas");
        Object.assign(canvas, { width, height });
        canvas.getContext("2d").drawImage(element, 0, 0);
      }
      const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      if (!file) return null;
      await send(key, file);
      return { copy: { what, way: "redrawn" } };
    } catch {
      return null; // tainted: pixels of another origin
    }
  }

  let gathering = null; // {shots, held}: crops that will share the next picture
  let turn = Promise.resolve();

  /** A crop of the visible tab. Crops asked for together share one picture, for which our own badges go out of sight. */
  async function shot(item, what) {
    const rect = detector.place.visibleRect(item.element);
    const offset = offsetInTab();
    if (!rect || !offset || Math.min(rect.width, rect.height) < LEAST_SHOT) return null;
    const { width, height } = item.element.getBoundingClientRect();
    if (!item.asked && rect.width * rect.height < 0.6 * width * height) return null;
    gathering ??= gather();
    gathering.shots.push({
      key: item.key,
      rect: { x: rect.x + offset.x, y: rect.y + offset.y, width: rect.width, height: rect.height },
    });
    return (await gathering.held).includes(item.key) ? { copy: { what, way: "screenshot" } } : null;
  }

  function gather() {
    const shots = [];
    const held = turn.then(async () => {
      await frames(2);
      gathering = null;
      detector.overlay.veil(true);
      try {
        await frames(2);
        return (await ask("shoot", { shots, width: top === window ? innerWidth : top.innerWidth })).held ?? [];
      } finally {
        detector.overlay.veil(false);
      }
    });
    turn = held.catch(() => {});
    return { shots, held };
  }

  /** Where this frame lies in the tab; null where a frame of another origin does not tell. */
  function offsetInTab() {
    let [x, y] = [0, 0];
    try {
      for (let frame = window; frame !== frame.top; frame = frame.parent) {
        const box = frame.frameElement.getBoundingClientRect();
        x += box.left + frame.frameElement.clientLeft;
        y += box.top + frame.frameElement.clientTop;
      }
      return { x, y };
    } catch {
      return null;
    }
  }

  async function frames(count) {
    for (let n = 0; n < count; n += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  const unread = (code, host = null) => ({ problem: { code: code.replaceAll("-", "_") }, host });

  return { read };
});
