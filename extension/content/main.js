// The content scripts' beginning: what the background asks of the page.

detector.define("main", () => {
  "use strict";

  const { auto, badges, checks, find, frames, link, media, originals, overlay, pick, region, scan, words } = detector;

  let stopped = false;

  async function begin() {
    const { words: texts, settings, automatic } = await link.ask("hello", { since: performance.timeOrigin });
    words.learn(texts);
    use(settings);
    if (automatic) auto.start(settings.minSize);
  }

  /** The settings as they are now: a page may have been open for long. */
  function use(settings) {
    checks.use(settings);
    originals.learn(settings.originals ?? []);
    detector.card.use(settings);
  }

  const begun = begin();

  const ASKED = {
    find({ settings, ...what }) {
      use(settings);
      const least = what.least ?? settings.minSize;
      if (what.by === "page") return page(least);
      if (what.by === "region") return mark();
      return what.by === "frames" ? shut(least, what.entered) : one(what);
    },
    next: () => badges.next(),
    show: ({ key }) => badges.go(checks.of(key)?.badge),
    stop() {
      stopped = true;
      checks.stop();
    },
    hosts: () => checks.hostsChanged(),
  };

  chrome.runtime.onMessage.addListener((message, _sender, answer) => {
    const handle = ASKED[message.kind];
    if (!handle) return false;
    begun
      .then(() => handle(message))
      .then(
        (result) => answer(result ?? {}),
        (problem) => (console.error(problem), answer({})),
      );
    return true;
  });

  async function page(least) {
    stopped = false;
    const found = await scan.scan(least, { alive: () => !stopped });
    for (const element of found) if (!stopped) checks.start(element);
    if (!found.length && window === top) overlay.announce(words.say("none_found"));
    const closed = frames.closed(least).map(frames.originOf);
    const pdf = document.contentType === "application/pdf"; // the browser's viewer: no picture of it can be reached
    return { found: found.length, closed, entered: frames.isEntered(least), pdf };
  }

  /** A rectangle that the person draws; nobody waits for it. */
  function mark() {
    void region.choose().then((marked) => marked && checks.start(marked, { asked: true, seen: "region" }));
  }

  /** Frames that may not be entered, as far as they can be seen. */
  function shut(least, entered) {
    const closed = frames.closed(least).filter((frame) => !entered.includes(frames.originOf(frame)));
    for (const frame of closed) checks.start(frame, { seen: "embedded" });
    return { found: closed.length };
  }

  /** One medium, as the person pointed at it; without one the person is asked to pick, except where told not to. */
  function one(what) {
    const { element, options = {} } = located(what);
    if (element) checks.start(element, { asked: true, ...options });
    else if (what.pick !== false) void pick.choose().then((chosen) => chosen && checks.start(chosen, { asked: true }));
    return { found: element ? 1 : 0 };
  }

  function located(what) {
    if (what.by === "pick") return {};
    const { browser } = /** @type {any} */ (globalThis); // Firefox's, which knows what was right-clicked
    const target = what.target && (browser?.menus ?? browser?.contextMenus)?.getTargetElement?.(what.target);
    if (what.by === "src") {
      const exact = target && media.kindOf(target) ? target : find.bySource(what.src, Boolean(what.video));
      return { element: exact ?? find.byPointer(), options: { frame: Boolean(what.frame) } };
    }
    if (what.by === "link") {
      const element = find.byLink(what.link);
      const leads = media.isPicture(what.link) || media.isClip(what.link);
      return leads && element
        ? { element, options: { link: what.link } }
        : { element: find.within(element) ?? find.byPointer() };
    }
    return { element: (target && media.kindOf(target) ? target : null) ?? find.byPointer() };
  }

  return {};
});
