// What tsc cannot know of our own pages: what an element is, their HTML says, and htmx and Chart.js are loaded beside.

interface Document {
  getElementById(id: string): any;
  addEventListener(type: `htmx:${string}`, listener: (event: CustomEvent & Aimed) => void): void;
  addEventListener(type: "paste", listener: (event: ClipboardEvent & Aimed) => void): void;
  addEventListener(
    type: "change" | "click" | "submit" | "toggle",
    listener: (event: MouseEvent & SubmitEvent & ToggleEvent & Aimed) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface Element {
  closest(selectors: string): any;
}
/** An event that is listened to on the document, whichever element it is for. */
interface Aimed {
  readonly target: any;
}

interface Window {
  Chart: any;
}
declare var htmx: any;

/** The button that installs the site as an app: Chromium's alone. */
interface InstallOffer extends Event {
  prompt(): Promise<void>;
}
interface WindowEventMap {
  beforeinstallprompt: InstallOffer;
}
