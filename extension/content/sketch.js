// Small copies of pictures, to tell whether two show the same and whether one shows anything. Content scripts use it, and
// the background too: nothing in it needs a page.

detector.define("sketch", () => {
  "use strict";

  const FIRST = 256; // each step halves the sides, so that every pixel counts
  const SIDE = 16;
  const FINE = 64;
  const FLAT = 3; // how far apart the values of one color may lie, of 255
  const APART = 14; // how far, on average, two copies of the same picture may lie apart: scaling and JPEG change some
  const ALIKE = 0.9; // how closely their values must go together; two pale pictures are near each other anyway
  const PALE = 4; // the spread below which there is nothing that could go together

  /** A small copy: red, green and blue of each pixel, over white. Throws where the browser keeps the pixels from us. */
  function of(source, side = SIDE) {
    let from = source;
    for (let now = FIRST; ; now /= 2) {
      const canvas = new OffscreenCanvas(now, now);
      const drawn = canvas.getContext("2d", { willReadFrequently: true });
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (drawn);
      context.fillStyle = "#fff";
      context.fillRect(0, 0, now, now);
      context.imageSmoothingQuality = "high";
      context.drawImage(from, 0, 0, now, now);
      if (now === side) return Array.from(context.getImageData(0, 0, side, side).data).filter((_, at) => at % 4 < 3);
      from = canvas;
    }
  }

  /** Whether a picture is transparent or of one color all over. */
  function isBlank(source) {
    const values = of(source, FINE);
    return [0, 1, 2].every((channel) => {
      const own = values.filter((_, at) => at % 3 === channel);
      return Math.max(...own) - Math.min(...own) <= FLAT;
    });
  }

  /** Whether two small copies show the same picture. */
  function agree(one, other) {
    const apart = mean(one.map((value, at) => Math.abs(value - other[at])));
    if (apart > APART) return false;
    const [a, b] = [one, other].map((values) => values.map((value) => value - mean(values)));
    const [spreadA, spreadB] = [a, b].map((values) => Math.sqrt(mean(values.map((value) => value * value))));
    if (spreadA < PALE && spreadB < PALE) return true;
    return mean(a.map((value, at) => value * b[at])) > ALIKE * spreadA * spreadB;
  }

  /** Whether a file is the larger original of what is shown: `{width, height, sketch}`. */
  async function isLarger(file, shown) {
    try {
      const picture = await createImageBitmap(file);
      const { width, height } = picture;
      const isSo = width > shown.width && height > shown.height && agree(of(picture), shown.sketch);
      picture.close();
      return isSo;
    } catch {
      return false; // no picture that this browser can show
    }
  }

  function mean(values) {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  return { agree, isBlank, isLarger, of };
});
