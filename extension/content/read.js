// The ladder: the file's original bytes from the page, from the background, by the server if the user allows; then the
// page's pixels again; then a crop of the visible tab. The outcome always says which copy it is and how it was got.

detector.define("read", () => {
  "use strict";

  const { ask, send } = detector.link;
  const { addressShown, copiesOf, kindOf } = detector.media;
  const { sketch } = detector;

  const PATIENCE = 25_000;
  const LEAST_SHOT = 32; // CSS pixels

  /**
   * Get a copy of the item's medium to the background: `{copy: {what, way, …}}`, with `{url}` where the server fetches it,
   * and `{host}` where a better copy needs a host; or `{problem, host}`.
   */
  async function read(item, settings) {
    const { element, link, seen } = item;
    if (seen) return (await shot(item, seen)) ?? unread("offscreen");
    if (link) return original(item, settings, [{ url: link, copy: "link" }]);
    const kind = kindOf(element);
    item.isBlank = false;
    if (kind === "canvas")
      return (await redrawn(item, "canvas")) ?? (await shot(item, "canvas")) ?? unseen(item, "tainted");
    if (kind === "video") return video(item, settings);
    if (!kind) return unread("nothing");
    const got = await original(item, settings, copiesOf(element));
    if (!got.problem) return got;
    const copy = (await redrawn(item, "shown")) ?? (await shot(item, kind === "background" ? "background" : "shown"));
    return copy ? { ...copy, host: got.host } : got;
  }

  async function video(item, settings) {
    const { element } = item;
    /** @type {any} */
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
      : item.isBlank
        ? unseen(item, "nothing")
        : (failed ?? unread("nothing"));
  }

  /** The original bytes of the best copy that can be had. */
  async function original(item, settings, copies) {
    /** @type {string | null} */
    let host = null;
    let code = "unread";
    for (const { url, copy, width } of copies) {
      const what = { what: copy, width };
      const isGuess = copy === "linked" || copy === "original";
      const credentials = copy === "original" ? "omit" : undefined; // nobody asked the page for it: no cookies go there
      const shown = isGuess ? await shownBy(item.element, settings) : null;
      if (/^(https?|data|blob|file):/.test(url)) {
        const got = await inPage(url, settings.most, credentials);
        if (got.file && (!isGuess || (await isOriginal(got.file, shown)))) {
          await send(item.key, got.file);
          return { copy: { ...what, way: "page" } };
        }
        if (got.problem) code = got.problem;
        if (got.file) continue;
      }
      if (!/^(https?|file):/.test(url)) continue;
      const got = await ask("fetch", { key: item.key, url, most: settings.most, shown, credentials });
      if (got.held) return { copy: { ...what, way: "extension" } };
      if (got.problem === "no-host") host ??= new URL(url).origin;
      if (got.problem === "too-large") code = "too-large";
    }
    // a guess may be another picture, and nobody could compare them there
    const left = copies.find(({ url, copy }) => /^https?:/.test(url) && copy !== "linked" && copy !== "original");
    if (settings.serverFetch && left && code !== "too-large" && !item.past?.has("server"))
      return { copy: { what: left.copy, way: "server", width: left.width }, url: left.url, host };
    return unread(host ? "needs-host" : code, host);
  }

  /** @param {string} url @param {number} most @param {RequestCredentials} credentials */
  async function inPage(url, most, credentials = "same-origin") {
    try {
      const answer = await fetch(url, { credentials, cache: "force-cache", signal: AbortSignal.timeout(PATIENCE) });
      const type = answer.headers.get("Content-Type") ?? "";
      if (!answer.ok || /^text\/html/.test(type)) return {};
      if (Number(answer.headers.get("Content-Length")) > most) return { problem: "too-large" };
      const file = await answer.blob();
      return file.size > most ? { problem: "too-large" } : file.size ? { file } : {};
    } catch {
      return {}; // another origin, as a rule
    }
  }

  /**
   * What a guess at the original is compared with: `{width, height, sketch}` of the picture as it is shown. Without a sketch, where
   * the page keeps its pixels from us, the background may get it by its `url`.
   */
  async function shownBy(element, { most }) {
    const url = addressShown(element);
    const { file } = element.naturalWidth ? await inPage(url, most) : {};
    try {
      const picture = file ? await createImageBitmap(file) : element;
      const { width, height, naturalWidth = width, naturalHeight = height } = picture;
      return { url, width: naturalWidth, height: naturalHeight, sketch: sketch.of(picture) };
    } catch {
      return { url, width: element.naturalWidth, height: element.naturalHeight, sketch: null };
    }
  }

  /** A gallery may link to something else: only what is larger and shows the same is the original. */
  async function isOriginal(file, shown) {
    return Boolean(shown.sketch) && sketch.isLarger(file, shown);
  }

  /**
   * The pixels that the page itself could read: the picture drawn again, no longer the file. WebGL forgets what it has
   * drawn, and protected videos give black: a copy of one color is none, a screenshot shows what is really there.
   */
  async function redrawn(item, what) {
    const { element, key } = item;
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
      item.isBlank = element.localName !== "img" && sketch.isBlank(canvas);
      if (item.isBlank) return null;
      const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      if (!file) return null;
      await send(key, file);
      return { copy: { what, way: "redrawn" } };
    } catch {
      return null; // tainted: pixels of another origin
    }
  }

  /** @type {{shots: object[], held: Promise<string[]>} | null} crops that will share the next picture */
  let gathering = null;
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
        return (await ask("shoot", { shots, width: (top ?? window).innerWidth })).held ?? [];
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
      for (let frame = /** @type {Window} */ (window); frame !== frame.top; frame = frame.parent) {
        const element = /** @type {Element} */ (frame.frameElement); // null, which throws, where it does not tell
        const box = element.getBoundingClientRect();
        x += box.left + element.clientLeft;
        y += box.top + element.clientTop;
      }
      return { x, y };
    } catch {
      return null;
    }
  }

  async function frames(count) {
    for (let n = 0; n < count; n += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  const unseen = ({ isBlank }, otherwise) => unread(isBlank ? "blank" : otherwise);

  /** @param {string} code @param {string | null} [host] */
  const unread = (code, host = null) => ({ problem: { code: code.replaceAll("-", "_") }, host });

  return { read };
});
