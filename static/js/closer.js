// Look closer: tools on the person's own file where this tab has it, else on the small copy that the server kept: the
// whole of it, or a part pixel for pixel. Nothing is sent. Loaded when the part is opened.

import { BLOCK, clones, embeddedThumbnail, errorLevel, ghost, gradient, grain } from "./forensics.js";
import { chosenFile } from "./preview.js";
import { say } from "./words.js";

const MOST_PIXELS = 12e6;
const MOST_FOR_CLONES = 800;
const ZOOM = 8;
const TALL = 0.6; // of the window, at most: beside a part that is dragged the page can still be scrolled
const GRID = 16; // a part begins where JPEG's blocks begin, also those of its colors
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Wire one part; it has been opened. */
export async function open(part) {
  if (part.dataset.live) return;
  part.dataset.live = "yes";
  const tool = new Closer(part);
  part.querySelector("input[type=file]").addEventListener("change", async (event) => {
    if (event.target.files.length)
      await tool.take(event.target.files[0], say("Drawn from the file you have just chosen."));
  });
  for (const control of part.querySelectorAll("select, input[type=range]"))
    control.addEventListener("input", () => tool.draw());
  part.querySelector("[name=part]").addEventListener("input", () => tool.cut());
  tool.canvas.addEventListener("pointerdown", (event) => tool.grab(event));
  tool.canvas.addEventListener("pointermove", (event) => tool.point(event));
  tool.canvas.addEventListener("keydown", (event) => tool.step(event));
  const file = chosenFile(location.pathname);
  if (file) await tool.take(file, say("Drawn from your own file."));
  else await tool.takeCopy(part.dataset.picture);
}

/** @param {HTMLCanvasElement} canvas */
const pen = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

class Closer {
  constructor(part) {
    this.part = part;
    this.canvas = part.querySelector("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.said = part.querySelector("[data-said]");
    this.file = null;
    this.turn = 0;
    this.at = { x: 0, y: 0 }; // in what is drawn; the middle, once there is a picture
    this.corner = { x: 0, y: 0 }; // of the part that is shown pixel for pixel
  }

  async take(file, words) {
    this.file = file;
    try {
      await this.load(await createImageBitmap(file, { imageOrientation: "from-image" }), words);
    } catch {
      this.said.textContent = say("This browser cannot draw that file.");
    }
  }

  async takeCopy(address) {
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
      await this.load(
        image,
        say(
          "Drawn from the small copy that was kept: choose the file again for its full size; it stays on this device.",
        ),
      );
    } catch {
      this.said.textContent = say("Choose the file again: nothing of it was kept. It stays on this device.");
    }
  }

  async load(source, words) {
    this.source = source;
    this.words = words;
    this.corner = { x: (source.width - this.room) >> 1, y: (source.height - TALL * innerHeight) >> 1 };
    await this.cut();
  }

  /** Whether a part is shown, each of its pixels as one of the screen's. The preview is laid beside the whole alone. */
  get isPart() {
    return this.part.querySelector("[name=part]").checked && this.tool !== "thumbnail";
  }

  get tool() {
    return this.part.querySelector("select").value;
  }

  /** How many pixels of the screen the part may be wide. */
  get room() {
    return Math.max(GRID, Math.floor((this.part.clientWidth || 640) * devicePixelRatio));
  }

  /** Take what is to be drawn out of the picture: all of it, reduced where it is very large, or a part as it is. */
  async cut() {
    if (!this.source) return;
    const [width, height] = [this.source.width, this.source.height];
    let said = "";
    if (this.isPart) {
      this.canvas.width = Math.min(width, this.room);
      this.canvas.height = Math.min(height, Math.floor(TALL * innerHeight * devicePixelRatio));
      const onGrid = (wanted, most) =>
        Math.min(Math.max(0, Math.round(wanted / GRID) * GRID), Math.ceil(most / GRID) * GRID);
      const x = onGrid(this.corner.x, width - this.canvas.width);
      const y = onGrid(this.corner.y, height - this.canvas.height);
      this.corner = { x, y };
      this.canvas.width = Math.min(this.canvas.width, width - x); // the last part may end a few pixels earlier
      this.canvas.height = Math.min(this.canvas.height, height - y);
      this.canvas.style.width = `${this.canvas.width / devicePixelRatio}px`;
      this.canvas.style.touchAction = "none"; // a finger drags it
      this.context.drawImage(this.source, -x, -y);
      const place = { left: x, right: x + this.canvas.width, width, top: y, bottom: y + this.canvas.height, height };
      said = say(
        "Columns {left} to {right} of {width}, rows {top} to {bottom} of {height}: drag it, or use the arrow keys.",
        place,
      );
    } else {
      const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      this.canvas.style.width = "";
      this.canvas.style.touchAction = "";
      this.context.drawImage(this.source, 0, 0, this.canvas.width, this.canvas.height);
      if (scale < 1) said = say("Reduced for this view: pixel for pixel shows the file itself.");
    }
    this.isCutPart = this.isPart;
    this.picture = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.part.querySelector("[data-source]").textContent = `${this.words} ${said}`.trim();
    this.at = { x: this.canvas.width >> 1, y: this.canvas.height >> 1 };
    await this.draw();
  }

  value(name) {
    return Number(this.part.querySelector(`[name=${name}]`).value);
  }

  async draw() {
    if (!this.picture) return;
    if (this.isCutPart !== this.isPart) return this.cut();
    const turn = ++this.turn;
    const name = this.tool;
    for (const one of this.part.querySelectorAll("[data-for]")) one.hidden = !one.dataset.for.split(" ").includes(name);
    for (const output of this.part.querySelectorAll("output"))
      output.textContent = this.part.querySelector(`[name=${output.htmlFor}]`).value;
    this.said.textContent = say("Drawing…");
    await new Promise((resolve) => setTimeout(resolve)); // the word is shown before the work begins
    const drawn = await this[name]();
    if (turn !== this.turn) return; // another was asked for meanwhile
    this.said.textContent = drawn ?? "";
  }

  async saved(quality) {
    const blob = await new Promise((resolve) => {
      const canvas = document.createElement("canvas");
      canvas.width = this.picture.width;
      canvas.height = this.picture.height;
      pen(canvas).putImageData(this.picture, 0, 0);
      canvas.toBlob(resolve, "image/jpeg", quality / 100);
    });
    const again = await createImageBitmap(blob);
    const canvas = document.createElement("canvas");
    canvas.width = again.width;
    canvas.height = again.height;
    const context = pen(canvas);
    context.drawImage(again, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  put(pixels) {
    this.context.putImageData(pixels, 0, 0);
  }

  async ela() {
    this.put(errorLevel(this.picture, await this.saved(this.value("quality")), this.value("scale")));
  }

  async ghosts() {
    this.put(ghost(this.picture, await this.saved(this.value("quality"))));
  }

  async grain() {
    this.put(grain(this.picture, this.value("scale")));
  }

  async gradient() {
    this.put(gradient(this.picture));
  }

  async clones() {
    const scale = Math.min(1, MOST_FOR_CLONES / Math.max(this.picture.width, this.picture.height));
    this.put(this.picture);
    const small = document.createElement("canvas");
    small.width = Math.round(this.picture.width * scale);
    small.height = Math.round(this.picture.height * scale);
    const context = pen(small);
    context.drawImage(this.canvas, 0, 0, small.width, small.height);
    const found = clones(context.getImageData(0, 0, small.width, small.height));
    if (found.length) {
      this.context.fillStyle = "rgba(0, 0, 0, .45)";
      this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    }
    found.forEach((shift, k) => {
      this.context.fillStyle = `hsl(${(k * 67) % 360} 90% 60% / .5)`;
      for (const [x, y, u, v] of shift.pairs) {
        for (const [left, top] of [
          [x, y],
          [u, v],
        ])
          this.context.fillRect(left / scale, top / scale, BLOCK / scale, BLOCK / scale);
      }
    });
    if (!found.length) return say("No repeated region was found.");
    return found.length === 1
      ? say("One repeated region found; each pair has one color.")
      : say("{count} repeated regions found; each pair has one color.", { count: found.length });
  }

  async thumbnail() {
    this.put(this.picture);
    const bytes = this.file ? embeddedThumbnail(new Uint8Array(await this.file.arrayBuffer())) : null;
    if (!bytes) {
      return this.file
        ? say("The file holds no preview of its own. Most files do not.")
        : say("For this the file itself is needed: choose it again.");
    }
    const small = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    const half = this.canvas.width / 2;
    const height = (half * this.picture.height) / this.picture.width;
    const copy = document.createElement("canvas");
    copy.width = this.picture.width;
    copy.height = this.picture.height;
    pen(copy).putImageData(this.picture, 0, 0);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(copy, 0, 0, half, height);
    this.context.drawImage(small, half, 0, half, height);
    return say("Left the picture, right the preview inside the file ({width} × {height} pixels).", {
      width: small.width,
      height: small.height,
    });
  }

  async magnifier() {
    this.put(this.picture);
    const { x, y } = this.at;
    const side = Math.round(Math.min(this.canvas.width, this.canvas.height) / 2.2);
    const seen = Math.max(2, Math.round(side / ZOOM));
    const copy = document.createElement("canvas");
    copy.width = copy.height = seen;
    pen(copy).putImageData(this.picture, seen / 2 - x, seen / 2 - y);
    const left = Math.min(Math.max(0, x - side / 2), this.canvas.width - side);
    const top = Math.min(Math.max(0, y - side / 2), this.canvas.height - side);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(copy, left, top, side, side);
    this.context.strokeStyle = "#a78bfa";
    this.context.lineWidth = Math.max(2, this.canvas.width / 400);
    this.context.strokeRect(left, top, side, side);
    const k = 4 * (y * this.picture.width + x);
    const [red, green, blue] = this.picture.data.subarray(k, k + 3);
    return say("{zoom} times, at {x}, {y}: red {red}, green {green}, blue {blue}.", {
      zoom: ZOOM,
      x,
      y,
      red,
      green,
      blue,
    });
  }

  move(x, y) {
    this.at = {
      x: Math.min(this.picture.width - 1, Math.max(0, Math.round(x))),
      y: Math.min(this.picture.height - 1, Math.max(0, Math.round(y))),
    };
    this.draw();
  }

  get isMagnifier() {
    return this.picture && this.tool === "magnifier";
  }

  /** Drag the part that is shown. */
  grab(event) {
    if (!this.isCutPart || this.isMagnifier) return;
    const from = { x: event.clientX, y: event.clientY };
    this.canvas.setPointerCapture(event.pointerId);
    const drop = (end) => {
      const [x, y] = [from.x - end.clientX, from.y - end.clientY];
      if (x || y) this.shift(x * devicePixelRatio, y * devicePixelRatio);
    };
    this.canvas.addEventListener("pointerup", drop, { once: true });
  }

  shift(x, y) {
    this.corner = { x: this.corner.x + x, y: this.corner.y + y };
    return this.cut();
  }

  point(event) {
    if (!this.isMagnifier) return;
    const place = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / place.width;
    this.move((event.clientX - place.left) * scale, (event.clientY - place.top) * scale);
  }

  step(event) {
    const way = ARROWS[event.key];
    if (!way || !this.picture || !(this.isMagnifier || this.isCutPart)) return;
    event.preventDefault();
    const far = this.canvas.width / 50;
    const [x, y] = [this.at.x + far * way[0], this.at.y + far * way[1]];
    const isInside = x >= 0 && y >= 0 && x < this.canvas.width && y < this.canvas.height;
    if (this.isMagnifier && (isInside || !this.isCutPart)) this.move(x, y);
    else this.shift((way[0] * this.canvas.width) / 2, (way[1] * this.canvas.height) / 2);
  }
}
