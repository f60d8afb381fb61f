// From a file to its verdict: hash, kept result, look-up, upload, wait. At most four checks are with the server at once;
// the first of many goes alone for a moment, since each one beside it would make its verdict later.

import { ended, isFinal, lookUp, pause, plain, sendAddress, sendFile, show, Trouble } from "../api.js";
import { pairing, settings } from "../settings.js";
import { hashOf, take } from "./bytes.js";
import * as jobs from "./jobs.js";
import * as results from "./results.js";
import { thumbOf } from "./thumbs.js";

const AT_ONCE = 4;
const ALONE = 1000; // milliseconds the others wait for the first, at most: it may be a long clip
const LOOK_UP = 50;
const TOGETHER = 200; // milliseconds in which those that have to wait gather for one look-up
const TRIES = 6; // how often a busy server is asked again
const LATER = 40; // how often it is asked for what it says after the verdict
const BETWEEN = 8; // seconds between two such questions, at most

/** @typedef {{job: Job, file?: Blob, sha256?: string, url?: string, asked?: boolean, asking?: boolean}} Waiting */
/** @type {Waiting[]} */
const waiting = [];
const dropped = new Set();
const following = new Set(); // keys of what the server is asked about
let running = 0;
let most = 1; // how many may be with the server now
/** @type {any} */
let isAlone = 0; // timers
/** @type {any} */ // biome-ignore lint/correctness/noUnusedVariables: read by ||=
let isGathering = 0;
/** @type {(job: Job) => void} */
let notify = () => {};

/** Who hears of every change of a job. @param {(job: Job) => void} listener */
export function listen(listener) {
  notify = listener;
}

/** Check the file held under this key. @param {Job} job */
export async function addFile(job) {
  dropped.delete(job.key); // a page that comes back asks again under the same key
  const file = await take(job.key);
  if (!file) return notify({ ...job, state: "missing" });
  const [sha256, thumb] = await Promise.all([hashOf(file), thumbOf(file)]);
  await update(job, { sha256, thumb, state: "waiting" });
  const kept = await results.known(await pairing(), sha256).catch(() => undefined);
  if (kept) return finish(job, kept);
  waiting.push({ job, file, sha256 });
  pump();
}

/** Let the server fetch an address. @param {Job} job @param {string} url */
export async function addAddress(job, url) {
  dropped.delete(job.key);
  await update(job, { state: "waiting" });
  waiting.push({ job, url });
  pump();
}

/**
 * After the background's death: go on waiting for what the server has, ask again for what it has not.
 * @param {string[]} keys @param {{tab: number, frame: number}} here
 */
export async function resume(keys, here) {
  for (const key of keys) {
    const job = await jobs.get(key);
    // the background has not died: it reports in time
    if (following.has(key) || waiting.some((one) => one.job.key === key)) continue;
    if (!job || (!job.id && job.state !== "done" && job.state !== "failed"))
      notify(/** @type {Job} */ ({ key, ...here, state: "missing" }));
    else if (job.state === "done" || job.state === "failed") {
      notify(job);
      void follow(job);
    } else void run({ job });
  }
}

/** Nobody waits for these any more: what is on its way ends unheard, and what is not sent yet is not sent. */
export async function drop(keys) {
  for (const key of keys) dropped.add(key);
  await jobs.remove((job) => keys.includes(job.key));
}

/** The same for all jobs of a page that is gone. */
export async function leave(isGone) {
  await drop((await jobs.all()).filter(isGone).map((job) => job.key));
}

function pump() {
  while (running < most && waiting.length) {
    lookUpSeveral();
    const next = waiting.findIndex((one) => !one.asking);
    if (next < 0) return;
    void run(waiting.splice(next, 1)[0]);
  }
  if (waiting.length)
    isGathering ||= setTimeout(() => {
      isGathering = 0;
      lookUpSeveral();
    }, TOGETHER);
}

function allow(count) {
  most = count;
  clearTimeout(isAlone);
  isAlone = 0;
}

function lookUpSeveral() {
  const several = waiting.filter((one) => one.sha256 && !one.asked);
  if (several.length > 1) void lookUpFirst(several.slice(0, LOOK_UP));
}

/** Several at once: those that the server knows need no upload. A look-up that fails is only a shortcut less. */
async function lookUpFirst(several) {
  for (const one of several) one.asked = one.asking = true;
  try {
    const { engine, known } = await lookUp(await pairing(), [...new Set(several.map((one) => one.sha256))]);
    await results.note(engine);
    for (const one of several) {
      const check = known[one.sha256];
      if (check?.state !== "done") continue;
      waiting.splice(waiting.indexOf(one), 1);
      await finish(one.job, check);
      void follow(one.job);
    }
  } catch (problem) {
    if (!(problem instanceof Trouble)) throw problem;
  } finally {
    for (const one of several) one.asking = false;
    pump();
  }
}

/** @param {Waiting} what */
async function run({ job, file, url }) {
  if (dropped.delete(job.key)) return;
  running += 1;
  if (most === 1)
    isAlone ||= setTimeout(() => {
      allow(AT_ONCE);
      pump();
    }, ALONE);
  following.add(job.key);
  try {
    const credentials = await pairing();
    let { id } = job;
    if (!id) {
      const { numbersOnly } = await settings();
      const check = await patiently(job, () =>
        url
          ? sendAddress(credentials, url, numbersOnly)
          : sendFile(credentials, /** @type {Blob} */ (file), numbersOnly),
      );
      if (isFinal(check)) return await finish(job, check);
      id = check.id;
      await update(job, { id, state: "running" });
    }
    await finish(job, await patiently(job, () => ended(credentials, id)));
  } catch (problem) {
    if (!(problem instanceof Trouble)) console.error(problem);
    await update(job, { state: "failed", problem: plain(problem) });
  } finally {
    following.delete(job.key);
    running -= 1;
    allow(running || waiting.length ? AT_ONCE : 1);
    pump();
    void follow(job);
  }
}

/**
 * Ask again when the server is busy, as late as it wants.
 * @template T @param {Job | null} job @param {() => Promise<T>} ask @returns {Promise<T>}
 */
async function patiently(job, ask) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (problem) {
      if (!(problem instanceof Trouble) || problem.code !== "busy" || tried === TRIES) throw problem;
      if (job) await update(job, { state: "busy" });
      await pause(problem.after);
    }
  }
}

/** @param {Job} job @param {Check} check */
async function finish(job, check) {
  if (check.state === "done") {
    const isWhole = !check.pending?.length;
    const keeping = isWhole && !job.private && check.sha256 && check.engine && results.keep(check.sha256, check);
    await update(job, { state: "done", check, id: check.id });
    await keeping;
  } else {
    const { code = "cancelled", message = null } = check.error ?? {};
    await update(job, { state: "failed", id: check.id, problem: { code: "refused", said: code, sentence: message } });
  }
}

/**
 * The verdict is there, and more is to come: ask on. What does not come is not waited for for ever.
 * @param {Job} job
 */
async function follow(job) {
  if (!job.check?.pending?.length || following.has(job.key)) return;
  following.add(job.key);
  try {
    for (let asked = 0; asked < LATER && job.check?.pending?.length; asked += 1) {
      await pause(Math.min(1 + asked / 2, BETWEEN));
      const { id, pending } = job.check;
      const check = await patiently(null, async () => show(await pairing(), id));
      if (check.state !== "done" || dropped.has(job.key)) break;
      if (`${check.pending ?? ""}` === `${pending}`)
        await jobs.set(job.key, {}); // keeps the background alive
      else await finish(job, check);
    }
  } catch (problem) {
    if (!(problem instanceof Trouble)) console.error(problem);
  } finally {
    following.delete(job.key);
    if (job.check?.pending?.length) await update(job, { check: { ...job.check, pending: [] } }); // it did not come
  }
}

/** @param {Job} job @param {Partial<Job>} part */
async function update(job, part) {
  if (dropped.has(job.key)) return;
  Object.assign(job, part);
  notify(await jobs.set(job.key, job));
}
