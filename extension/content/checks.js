// The checks of this page: who is asked for, what is being read, what has come back.

detector.define("checks", () => {
  "use strict";

  const { announce } = detector.overlay;
  const { addressShown, isStandIn, isStill, kindOf } = detector.media;
  const { badges, blur, card, link, place } = detector;
  const { say } = detector.words;

  const READING = 4; // files read at once
  const UNSETTLED = 24; // files read and not yet checked: they lie in the background's memory
  const RENEWALS = 40; // pictures checked because they came in the place of another, on one page
  const AGAIN = 3; // how often a file is sent again after the background's death
  const NAME = 120; // letters of a picture's name
  const MEASURE = "ai-media-detector:check";

  const items = new Map(); // key -> {key, element, frame, link, asked, auto, state, copy, check, problem, host, …}
  const ofElement = new WeakMap();
  const queue = [];
  const reading = new Set();
  const unsettled = new Set();
  const following = new Set(); // checked, and the server will say more
  let settings = {};
  let batch = 0; // how many of a page's checks are still open
  let renewals = 0;

  /**
   * Check an element. `asked` by the person for this one, or `auto` by the site's setting; `seen` is what is sent where
   * only what the screen shows of it can be.
   */
  function start(element, options = {}) {
    const { asked = false, auto = false, frame = false, link: href = null, seen = null, renewed = false } = options;
    const there = ofElement.get(element);
    if (there && there.frame === frame && there.link === href && isStill(element, there.shown)) {
      there.asked ||= asked;
      if (asked && there.auto) badges.show(Object.assign(there, { auto: false }));
      if (asked && there.state === "done") card.show(there);
      else if (asked && (there.state === "failed" || there.state === "needs-host")) retry(there);
      return there;
    }
    if (there) drop(there);
    const key = Array.from(crypto.getRandomValues(new Uint32Array(3)), (one) => one.toString(36)).join("");
    const item = {
      key,
      element,
      frame,
      link: href,
      seen,
      asked,
      auto,
      shown: addressShown(element),
      started: performance.now(),
      sent: 0,
      past: new Set(),
      renewed,
      leave: new AbortController(),
    };
    items.set(key, item);
    ofElement.set(element, item);
    for (const kind of ["load", "error"])
      element.addEventListener(kind, () => loaded(item), { signal: item.leave.signal });
    const state = !href && isStandIn(element) ? "loading" : "queued";
    if (asked) announce(say(state === "loading" ? "state_loading" : "state_reading"));
    turn(item, { state });
    if (state === "loading") {
      if (!auto) link.post({ kind: "unread", key, state });
      rest();
      return item;
    }
    item.counts = !asked && !auto && !renewed;
    if (item.counts) batch += 1;
    asked ? queue.unshift(item) : queue.push(item);
    pump();
    return item;
  }

  /** The element has loaded something: the picture that was waited for, another size of it, or another picture. */
  function loaded(item) {
    if (item.state !== "loading") return void (isStale(item) && replace(item));
    if (isStandIn(item.element)) return;
    Object.assign(item, { shown: addressShown(item.element), started: performance.now() });
    turn(item, { state: "queued" });
    item.asked ? queue.unshift(item) : queue.push(item);
    pump();
  }

  /** Another picture has come in the place of one: it is checked too, but carousels must not be without end. */
  function replace(item) {
    const { element, asked, auto, frame } = item;
    drop(item);
    if (!element.isConnected || !kindOf(element) || item.renewed || renewals >= RENEWALS) return;
    renewals += 1;
    start(element, { asked, auto, frame, renewed: true });
  }

  function retry(item) {
    if (!items.has(item.key)) return;
    Object.assign(item, { sent: 0, host: null, problem: null, started: performance.now(), past: new Set() });
    turn(item, { state: "queued" });
    queue.unshift(item);
    pump();
  }

  function pump() {
    while (queue.length && reading.size < READING && unsettled.size < UNSETTLED) void read(queue.shift());
  }

  async function read(item) {
    reading.add(item);
    unsettled.add(item);
    turn(item, { state: "reading" });
    try {
      const got = await detector.read.read(item, settings);
      if (!items.has(item.key)) return;
      Object.assign(item, { copy: got.copy, host: got.host, instead: got.instead });
      if (got.problem)
        settle(item, { state: got.problem.code === "needs_host" ? "needs-host" : "failed", problem: got.problem });
      else {
        turn(item, { state: "waiting" });
        item.sent += 1;
        const [kind, name] = [got.url ? "address" : "check", nameOf(item.element)];
        const isSent = link.post({ kind, key: item.key, url: got.url, copy: got.copy, name });
        if (!isSent) settle(item, { state: "failed", problem: { code: "orphaned" } });
      }
    } catch (problem) {
      console.error(problem);
      settle(item, { state: "failed", problem: { code: link.isAlive() ? "strange" : "orphaned" } });
    } finally {
      reading.delete(item);
      pump();
    }
  }

  link.listen(
    ({ kind, key, state, check, problem }) => {
      const item = items.get(key);
      if (!item) return;
      if (kind === "missing") again(item);
      else if (state === "done" && item.state === "done") tellMore(item, check);
      else if (state === "done") settle(item, { state, check });
      else if (state === "failed" && item.copy?.way === "server" && problem.code === "refused") {
        item.past.add("server"); // it could not fetch it either: the next step of the ladder
        again(item);
      } else if (state === "failed") settle(item, { state, problem });
      else turn(item, { state });
    },
    // the background was ended: this wakes it, and it goes on from what it kept
    () =>
      setTimeout(() => {
        const sent = [...unsettled].filter((item) => item.sent && !reading.has(item));
        const keys = [...sent, ...following].map((item) => item.key);
        if (keys.length) link.post({ kind: "waiting", keys });
      }, 150),
  );

  /** What the page calls a picture, for the list of its checks. */
  function nameOf(element) {
    const given = element.alt || element.getAttribute?.("aria-label") || element.title;
    return (typeof given === "string" ? given : "").trim().slice(0, NAME);
  }

  function again(item) {
    unsettled.delete(item);
    if (item.sent >= AGAIN) return settle(item, { state: "failed", problem: { code: "strange" } });
    queue.unshift(item);
    pump();
  }

  /** The server has more to say of a verdict that stands already. */
  function tellMore(item, check) {
    turn(item, { check });
    follow(item);
    rest();
  }

  function follow(item) {
    if (item.check?.pending?.length) following.add(item);
    else following.delete(item);
  }

  function settle(item, part) {
    unsettled.delete(item);
    turn(item, part);
    follow(item);
    const { result } = part.check ?? {};
    if (result && kindOf(item.element) && blur.isDue(result, settings.blurAbove)) {
      blur.set(item.element, true);
      badges.show(item);
    }
    if (part.state !== "done" && !item.check)
      link.post({ kind: "unread", key: item.key, state: item.state, problem: item.problem, host: item.host });
    if (item.asked) announce(badges.spoken(item));
    else if (uncount(item) && batch === 0) announce(say("all_done"));
    if (part.state === "done") performance.measure(MEASURE, { start: item.started, detail: { way: item.copy?.way } });
    pump();
    rest();
  }

  function uncount(item) {
    const did = Boolean(item.counts);
    item.counts = false;
    if (did) batch -= 1;
    return did;
  }

  /** When nothing is pending, the background may sleep. */
  function rest() {
    if (isAtRest()) setTimeout(() => isAtRest() && link.close(), 2000);
  }

  function isAtRest() {
    return !unsettled.size && !queue.length && !following.size;
  }

  function turn(item, part) {
    Object.assign(item, part);
    badges.show(item);
    card.refresh(item);
  }

  function drop(item) {
    if (!items.delete(item.key)) return;
    item.leave.abort();
    uncount(item);
    if (ofElement.get(item.element) === item) ofElement.delete(item.element);
    for (const list of [reading, unsettled, following]) list.delete(item);
    if (queue.includes(item)) queue.splice(queue.indexOf(item), 1);
    badges.remove(item);
    if (item.seen === "region") item.element.remove();
    link.post({ kind: "drop", keys: [item.key] });
    pump();
    rest();
  }

  /** End what has not been checked yet. */
  function stop() {
    for (const item of [...items.values()])
      if (["loading", "queued", "reading", "waiting", "running", "busy"].includes(item.state)) drop(item);
  }

  /** Hosts were allowed: what waited for one, or was checked from a lesser copy for want of one, is read again. */
  function hostsChanged() {
    for (const item of items.values())
      if (item.state === "needs-host" || (item.host && item.state === "done")) retry(item);
  }

  /** A badge must not stay on another picture, nor without one. */
  function isStale(item) {
    if (item.state === "loading" || item.link) return !item.element.isConnected;
    return !item.element.isConnected || !isStill(item.element, item.shown);
  }

  // biome-ignore lint/correctness/noUnusedVariables: read by ||=
  let pruning = 0;
  place.afterEach(() => {
    pruning ||= setTimeout(() => {
      pruning = 0;
      for (const item of [...items.values()]) if (isStale(item)) replace(item);
    }, 500);
  });

  return {
    start,
    retry,
    drop,
    stop,
    hostsChanged,
    of: (key) => items.get(key),
    has: (element) => ofElement.has(element),
    use: (chosen) => (settings = chosen),
  };
});
