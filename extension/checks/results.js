// Results by the hash of their content, kept for as long as the engine that made them is the server's.

import { facts } from "../api.js";

const MOST = 300;
const FORM = 2; // of what is kept: results in an older one lack what cards show
/** @type {KeptResults} */
const EMPTY = { form: FORM, engine: null, seen: 0, known: {} };
const FRESH = 10 * 60_000; // milliseconds for which the engine's version is believed without asking

/** @type {Promise<KeptResults> | undefined} */
let read; // a promise: the storage is read once in the background's life

chrome.storage.local.onChanged.addListener(({ results }) => {
  if (results && !results.newValue) read = Promise.resolve(EMPTY); // forgotten, with the pairing
});

/**
 * The result of this content, or undefined. Asks the server for its engine now and then; another's results are dropped.
 * @param {Credentials | undefined} credentials @param {string} sha256
 */
export async function known(credentials, sha256) {
  let kept = await all();
  const found = kept.known[sha256];
  if (found && Date.now() - kept.seen > FRESH) {
    await note((await facts(credentials)).engine);
    kept = await all();
  }
  return kept.known[sha256]?.check;
}

/** Keep a result; where another engine made it than the ones kept, those are dropped. @param {Check} check */
export function keep(sha256, check) {
  return change(check.engine, (known) => {
    const others = Object.entries(known).filter(([one]) => one !== sha256);
    const newest = others.sort(([, a], [, b]) => b.at - a.at).slice(0, MOST - 1);
    return Object.fromEntries([[sha256, { check, at: Date.now() }], ...newest]);
  });
}

/** The server's engine is this one. */
export function note(engine) {
  return change(engine, (known) => known);
}

/** @type {Promise<void>} */
let turn = Promise.resolve(); // changes read and write: one after the other

/** @param {string | null} engine @param {(known: KeptResults["known"]) => KeptResults["known"]} edit */
function change(engine, edit) {
  turn = turn.then(async () => {
    const kept = await all();
    const known = edit(kept.engine === engine ? kept.known : {});
    read = Promise.resolve({ form: FORM, engine, seen: Date.now(), known });
    await chrome.storage.local.set({ results: await read });
  });
  return turn;
}

function all() {
  read ??= chrome.storage.local.get("results").then(({ results }) => (results?.form === FORM ? results : EMPTY));
  return read;
}
