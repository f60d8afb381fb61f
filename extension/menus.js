// The context menus. An image item alone does not reach canvases, backgrounds and covered pictures: so one for the rest.

import { settings } from "./settings.js";
import { say, words } from "./words.js";

/** @type {{id: string, contexts: any, title: string}[]} */
const ITEMS = [
  { id: "check-image", contexts: ["image"], title: "menu_image" },
  { id: "check-video", contexts: ["video"], title: "menu_video" },
  { id: "check-frame", contexts: ["video"], title: "menu_frame" },
  { id: "check-link", contexts: ["link"], title: "menu_link" },
  { id: "check-pointer", contexts: ["page", "frame", "selection", "editable"], title: "menu_pointer" },
  // not on pictures: browsers put two items of an extension into a menu of their own, one press further away
  { id: "check-region", contexts: ["page", "frame", "selection", "editable"], title: "menu_region" },
];

/** Make them anew, in the language chosen. */
export async function make() {
  if (!chrome.contextMenus) return;
  const texts = await words((await settings()).language);
  await chrome.contextMenus.removeAll();
  for (const { title, ...item } of ITEMS) {
    chrome.contextMenus.create({
      ...item,
      title: say(texts, title),
      documentUrlPatterns: ["http://*/*", "https://*/*", "file:///*"],
    });
  }
}

/** What a click asks the page to find. */
export function wanted(info) {
  const about = { link: info.linkUrl, target: info.targetElementId };
  if (info.menuItemId === "check-region") return { by: "region" };
  if (info.menuItemId === "check-link") return { by: "link", ...about };
  if (info.mediaType === "image" && info.srcUrl) return { by: "src", src: info.srcUrl, ...about };
  if (info.mediaType === "video")
    return { by: "src", src: info.srcUrl ?? "", frame: info.menuItemId === "check-frame", video: true, ...about };
  return { by: "pointer", ...about };
}
