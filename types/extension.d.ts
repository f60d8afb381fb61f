/// <reference types="chrome" />

// The shapes that travel between the extension's parts, and to and from the server (docs/api.md).

/** The parts of the content scripts, each by its name (extension/content/define.js). */
declare var detector: { define(name: string, make: () => object): void; [part: string]: any };

/** A server, and the key to it. */
interface Credentials {
  server: string;
  token?: string;
  name?: string;
  most?: number;
}

/** Undefined until the extension is paired. */
type Pairing = Credentials | undefined;

/** What the user has chosen. */
interface Settings {
  server: string;
  minSize: number;
  blurAbove: number | null;
  language: string;
  serverFetch: boolean;
  numbersOnly: boolean;
  sites: string[];
}

/** What is wrong: a code that has a text, and the server's own code and sentence where it gave them. */
interface Problem {
  code: string;
  said?: string | null;
  sentence?: string | null;
}

/** Of the API's `Result`, what is shown. */
interface Result {
  verdict: string;
  title: string;
  word: string;
  icon: string;
  tone: string;
  band: string | null;
  scale: Band[];
  rank: number;
  shown_score: number | null;
  score: number | null;
  confidence: number | null;
  certainty: string | null;
  summary: string;
  does_not_show: string;
  disclaimer: string;
  evidence: { icon: string; sentence: string; tone: string }[];
  provenance: { sentence: string }[];
  notes: { about: string; sentence: string }[];
  evidence_map: { title: string; reads: string; picture: string; overlay: string } | null;
}
interface Band {
  key: string;
  title: string;
  tone: string;
  low: number;
  high: number;
}

/** The API's `Check`. */
interface Check {
  id: string;
  state: "queued" | "fetching" | "running" | "done" | "failed" | "cancelled";
  engine: string | null;
  sha256: string | null;
  result: Result | null;
  pending: string[];
  error: { code: string; message: string } | null;
  page: string;
}

/** Which copy of a medium is checked, and how it was got. */
interface Copy {
  what: string;
  way: "page" | "extension" | "server" | "redrawn" | "screenshot";
  width?: number;
}

type Open = "loading" | "queued" | "reading" | "waiting" | "running" | "busy";
type State = Open | "done" | "failed" | "needs-host" | "missing";

/** Where a page's check stands, as the background keeps it. */
interface Job {
  key: string;
  tab: number;
  frame: number;
  state: State;
  since: number;
  at: number;
  private?: boolean;
  name?: string;
  copy?: Copy;
  thumb?: string | null;
  sha256?: string;
  id?: string;
  check?: Check;
  problem?: Problem;
  host?: string | null;
}

/** A check on its page. */
interface Item {
  key: string;
  element: any;
  frame: boolean;
  link: string | null;
  seen: string | null;
  asked: boolean;
  auto: boolean;
  renewed: boolean;
  shown: string;
  started: number;
  sent: number;
  past: Set<string>;
  leave: AbortController;
  state: State;
  counts?: boolean;
  isBlank?: boolean;
  copy?: Copy;
  check?: Check;
  problem?: Problem | null;
  host?: string | null;
  instead?: string;
  badge?: HTMLElement | null;
  map?: Promise<ImageBitmap | undefined>;
}

/** What a page has to know of the settings. */
interface PageSettings {
  minSize: number;
  blurAbove: number | null;
  serverFetch: boolean;
  most: number;
  server?: string;
  originals: { from: string; to: string }[];
}

/** The last scan of a tab. */
interface Scan {
  found: number;
  at?: number;
  least?: number;
  closed: { count: number; origins: string[]; entered?: string[] };
}

interface KeptResults {
  form: number;
  engine: string | null;
  seen: number;
  known: Record<string, { check: Check; at: number }>;
}

/** A pairing under way. */
interface PairingNow {
  server: string;
  verifier: string;
  challenge: string;
  code: string;
  until: number;
  problem: Problem | null;
}

/** All that the extension stores. */
interface Stored {
  settings?: Partial<Settings>;
  pairing?: Credentials;
  results?: KeptResults;
  jobs?: Record<string, Job>;
  pairingNow?: PairingNow;
  wantedSite?: string;
  [scan: `scan:${number}`]: Scan | undefined;
}
declare namespace chrome.storage {
  interface StorageArea {
    get(keys: string | string[] | null): Promise<Stored>;
  }
}
