// What this browser alone knows of its checks: the names of files, and the addresses they came from. The server keeps
// neither. Beside it the list of this tab, so that Back finds it again.

const NAMES = "names";
const LIST = "list";
const MOST = 200;
const SHOWN = 20;
const PAGE = /^\/analyses\/[\w-]{22}$/;

function read(store, name) {
  try {
    const found = JSON.parse(store.getItem(name));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function write(store, name, value) {
  try {
    store.setItem(name, JSON.stringify(value));
  } catch {
    // storage is full or shut off: names are a comfort
  }
}

/** Remember what was sent: `where` is its page's path. */
export function remember(where, name, address = "") {
  const others = read(localStorage, NAMES).filter((one) => one.where !== where);
  write(localStorage, NAMES, [{ where, name, address }, ...others].slice(0, MOST));
  const listed = read(sessionStorage, LIST).filter((one) => one !== where);
  write(sessionStorage, LIST, [...listed, where].slice(-SHOWN));
}

/** What is known of a page, or nothing. */
export const known = (where) => read(localStorage, NAMES).find((one) => one.where === where);

/** The pages of this tab's list, oldest first. */
export const listed = () => read(sessionStorage, LIST).filter((one) => PAGE.test(one));

/** Take a line out of the list; the name stays for the history. */
export const unlist = (where) =>
  write(
    sessionStorage,
    LIST,
    read(sessionStorage, LIST).filter((one) => one !== where),
  );

function forget(where) {
  write(localStorage, NAMES, where ? read(localStorage, NAMES).filter((one) => one.where !== where) : []);
  if (where) unlist(where);
  else write(sessionStorage, LIST, []);
}

// Deleting a check deletes its name, deleting all and signing out delete all names.
document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (defaultPrevented) return;
  const path = new URL(target.action, location.href).pathname;
  if (path === "/history/delete" || path === "/sign-out") forget();
  const one = /^\/(?:history|analyses)\/([\w-]{22})\/delete$/.exec(path);
  if (one) forget(`/analyses/${one[1]}`);
});

/** Where the server has no name to show, show this browser's; where it has an address, make the search links. */
export function fill() {
  for (const place of document.querySelectorAll("[data-name-of]")) {
    const found = known(place.dataset.nameOf);
    if (!found) continue;
    const before = place.textContent;
    place.textContent = found.name;
    // what is done with one of many is called by the same name
    for (const one of place.closest("li")?.querySelectorAll("[aria-label]") ?? [])
      one.setAttribute(
        "aria-label",
        one.getAttribute("aria-label").replace(before, () => found.name),
      );
  }
  for (const place of document.querySelectorAll("[data-search]")) {
    const { address } = known(place.dataset.search) ?? {};
    if (!address) continue;
    for (const link of place.querySelectorAll("a[data-by-address]")) {
      link.href = link.dataset.byAddress + encodeURIComponent(address);
    }
    place.classList.add("by-address");
  }
}
