// What is under way, in the session's storage: the background may be ended at any moment and starts again from here.

const OLD = 60 * 60_000;

/** @type {Promise<Map<string, Job>> | undefined} */
let table; // a promise: read once in the background's life
/** @type {Promise<void> | null} */
let writing = null; // changes of the same moment are written together, and nobody waits for it

function rows() {
  table ??= chrome.storage.session.get("jobs").then(({ jobs = {} }) => {
    const now = Date.now();
    return new Map(Object.entries(jobs).filter(([, job]) => now - job.at < OLD));
  });
  return table;
}

function write() {
  writing ??= Promise.resolve().then(async () => {
    const found = await rows();
    writing = null;
    await chrome.storage.session.set({ jobs: Object.fromEntries(found) });
  });
  return writing;
}

/** @param {string} key */
export async function get(key) {
  return (await rows()).get(key);
}

/** @param {string} key @param {Partial<Job>} part */
export async function set(key, part) {
  const found = await rows();
  const now = Date.now();
  const job = /** @type {Job} */ ({ since: now, ...found.get(key), ...part, key, at: now });
  found.set(key, job);
  void write();
  return job;
}

export async function all() {
  return [...(await rows()).values()];
}

/** Forget jobs: by key, or all of a tab (a frame of it) that is gone. @param {(job: Job) => boolean} doomed */
export async function remove(doomed) {
  const found = await rows();
  for (const [key, job] of [...found]) if (doomed(job)) found.delete(key);
  await write();
}
