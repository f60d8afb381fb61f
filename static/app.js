// Comfort on top of pages that work without it: drop, paste, send at once, upload progress, the chosen picture shown
// from the person's own device. Listens on the document, so that what htmx swaps in needs no wiring.
"use strict";

const uploadForm = () => document.getElementById("upload");
let preview = null; // an object URL of the picture sent last: it never leaves this tab

function complain(message) {
  const notice = document.getElementById("notice");
  const text = document.createElement("p");
  text.className = "card caution";
  text.textContent = message;
  notice.replaceChildren(text);
}

function choose(file) {
  const form = uploadForm();
  const most = Number(form.dataset.maxBytes);
  document.getElementById("notice").replaceChildren();
  if (file.size > most) {
    complain(`The file has ${Math.round(file.size / 1048576)} MB; at most ${Math.round(most / 1048576)} MB are accepted.`);
    form.reset();
    return;
  }
  if (preview) URL.revokeObjectURL(preview);
  preview = URL.createObjectURL(file);
  const chosen = document.getElementById("chosen");
  chosen.textContent = file.name;
  chosen.hidden = false;
  form.requestSubmit();
}

function hand(files) {
  if (!files || !files.length || !uploadForm()) return false;
  const one = new DataTransfer();
  one.items.add(files[0]);
  document.getElementById("file").files = one.files;
  choose(files[0]);
  return true;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "file" && event.target.files.length) choose(event.target.files[0]);
});

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const form = uploadForm();
    if (!form || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name === "drop") hand(event.dataTransfer.files);
  });
}

document.addEventListener("paste", (event) => {
  if (hand(event.clipboardData?.files)) event.preventDefault();
});

document.addEventListener("htmx:xhr:progress", (event) => {
  if (event.target !== uploadForm() || !event.detail.lengthComputable) return;
  const sent = document.getElementById("sent");
  sent.hidden = false;
  sent.value = (100 * event.detail.loaded) / event.detail.total;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== uploadForm()) return;
  document.getElementById("sent").hidden = true;
  if (event.detail.failed) event.target.reset();
});

document.addEventListener("htmx:sendError", () => complain("The server cannot be reached. Is it running, and are you online?"));

document.addEventListener("htmx:afterSettle", () => {
  if (!preview) return;
  for (const image of document.querySelectorAll("img[data-preview]")) {
    const before = image.getAttribute("src"); // the server's reduced copy, where there is one
    if (before === preview) continue;
    image.onerror = () => {
      image.onerror = null;
      if (before) image.src = before;
      else image.hidden = true;
    };
    image.src = preview;
    image.hidden = false;
  }
});
