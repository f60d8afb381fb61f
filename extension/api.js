// The only file that speaks to the server. Whatever goes wrong becomes a Trouble with a code that words.js knows.

const PATIENCE = 30_000; // milliseconds for an answer, beyond what a long poll asks for
const UPLOAD_PATIENCE = 180_000;
const WAIT = 20; // seconds a long poll may last: what the server allows
const API = "/api/v1";
const FINAL = new Set(["done", "failed", "cancelled"]);

/**
 * Why there is no answer: `unreachable`, `local_network`, `not_paired`, `revoked`, `busy` (with `after`, in seconds),
 * `slow`, `strange` (not this server's API), or `refused` with the server's own code and sentence.
 */
export class Trouble extends Error {
  /** @param {string} code @param {{said?: string | null, sentence?: string | null, after?: number}} [more] */
  constructor(code, { said = null, sentence = null, after = 0 } = {}) {
    super(sentence ?? code);
    this.code = code;
    this.said = said;
    this.sentence = sentence;
    this.after = after;
  }

  /** As it travels in messages and storage. @returns {Problem} */
  get plain() {
    return { code: this.code, said: this.said, sentence: this.sentence };
  }
}

/**
 * What is wrong, as it travels: anything else than a Trouble is a fault of ours.
 * @param {unknown} problem @returns {Problem}
 */
export function plain(problem) {
  return problem instanceof Trouble ? problem.plain : { code: "strange" };
}

/**
 * A file to be checked: the check as the server has it now. With `numbersOnly` the server keeps no picture of it.
 * @param {Pairing} credentials @param {Blob} blob @param {boolean} numbersOnly @returns {Promise<Check>}
 */
export function sendFile(credentials, blob, numbersOnly) {
  const body = new FormData();
  body.append("file", blob, "file");
  if (numbersOnly) body.append("numbers_only", "true");
  return call(credentials, "POST", "/analyses", { body, patience: UPLOAD_PATIENCE });
}

/**
 * An address the server shall fetch itself.
 * @param {Pairing} credentials @param {string} url @param {boolean} numbersOnly @returns {Promise<Check>}
 */
export function sendAddress(credentials, url, numbersOnly) {
  return call(credentials, "POST", "/analyses", { json: { url, ...(numbersOnly && { numbers_only: true }) } });
}

/**
 * The check when it has ended; asks for as long as it takes.
 * @param {Pairing} credentials @returns {Promise<Check>}
 */
export async function ended(credentials, id) {
  for (;;) {
    const asked = Date.now();
    const { answer, check } = await call(credentials, "GET", `/analyses/${id}?wait=${WAIT}`, {
      patience: PATIENCE + WAIT * 1000,
      whole: true,
    });
    if (isFinal(check)) return check;
    if (Date.now() - asked < 1000) await pause(seconds(answer) || 1); // few may wait at a time: this one was not let
  }
}

/** The check as it is now. @param {Pairing} credentials @returns {Promise<Check>} */
export function show(credentials, id) {
  return call(credentials, "GET", `/analyses/${id}`);
}

/** A picture that belongs to a check, by the path the server has given. */
export function picture(credentials, path) {
  if (!path.startsWith(`${API}/analyses/`)) throw new Trouble("strange"); // the key is for this server's API alone
  return call(credentials, "GET", path.slice(API.length), { form: "blob" });
}

/** @param {Check} check */
export function isFinal(check) {
  return FINAL.has(check.state);
}

/**
 * What is known of these hashes.
 * @param {Pairing} credentials
 * @returns {Promise<{engine: string, known: Record<string, Check>}>}
 */
export function lookUp(credentials, hashes) {
  return call(credentials, "POST", "/lookups", { json: { hashes } });
}

/** What the token is, and what the server accepts. */
export function facts(credentials) {
  return call(credentials, "GET", "/token");
}

/** End the token. */
export function endToken(credentials) {
  return call(credentials, "DELETE", "/token");
}

/** "This verdict is wrong": what the user has read and agreed to send. */
export function feedback(credentials, id, says, note) {
  return call(credentials, "POST", `/analyses/${id}/feedback`, { json: { says, note } });
}

/** Show the verifier of an approved pairing: the token, or a Trouble while nobody has approved it. */
export function claim(server, verifier) {
  return call({ server }, "POST", "/pairings", { json: { verifier } });
}

/**
 * @param {Pairing} credentials @param {string} method @param {string} path
 * @param {{json?: object, body?: BodyInit, patience?: number, whole?: boolean, form?: "json" | "blob"}} [how]
 * @returns {Promise<any>}
 */
async function call(credentials, method, path, { json, body, patience = PATIENCE, whole = false, form = "json" } = {}) {
  if (!credentials) throw new Trouble("not_paired");
  const headers = new Headers(credentials.token ? { Authorization: `Bearer ${credentials.token}` } : {});
  if (json !== undefined) headers.set("Content-Type", "application/json");
  const request = { method, headers, body: json === undefined ? body : JSON.stringify(json) };
  let answer;
  try {
    answer = await fetch(`${credentials.server}${API}${path}`, {
      ...request,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(patience),
    });
  } catch (problem) {
    throw problem instanceof DOMException && problem.name === "TimeoutError"
      ? new Trouble("slow")
      : await diagnose(credentials.server);
  }
  const said = await read(answer, answer.ok ? form : "json");
  if (!answer.ok) throw trouble(answer, said);
  return whole ? { answer, check: said } : said;
}

async function read(answer, form) {
  if (answer.status === 204) return null;
  try {
    return await answer[form]();
  } catch {
    throw answer.status >= 500 ? new Trouble("busy", { after: seconds(answer) || 3 }) : new Trouble("strange");
  }
}

function trouble(answer, said) {
  const { code, message } = said?.error ?? {};
  if (answer.status === 401) return new Trouble("revoked");
  if (code === "not_paired") return new Trouble("not_paired");
  if (answer.status === 429 || answer.status === 503)
    return new Trouble("busy", { said: code, sentence: message, after: seconds(answer) || 2 });
  return code ? new Trouble("refused", { said: code, sentence: message }) : new Trouble("strange");
}

/**
 * A request that got no answer: no server there, a browser that keeps the local network to itself, or a server that does
 * not know this extension (it answers no preflight, which looks the same). It tells every extension that it lives.
 */
async function diagnose(server) {
  try {
    await fetch(`${server}/healthz`, { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(4000) });
    return new Trouble("not_paired");
  } catch {
    return new Trouble((await isLocalBarred()) ? "local_network" : "unreachable");
  }
}

async function isLocalBarred() {
  for (const name of ["loopback-network", "local-network", "local-network-access"]) {
    try {
      const asked = { name: /** @type {PermissionName} */ (name) };
      if ((await navigator.permissions.query(asked)).state === "denied") return true;
    } catch {
      // this browser knows no such permission
    }
  }
  return false;
}

function seconds(answer) {
  const given = Number(answer.headers.get("Retry-After"));
  return Number.isFinite(given) ? Math.min(given, 60) : 0;
}

export function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time * 1000));
}
