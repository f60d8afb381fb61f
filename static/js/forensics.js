// Measurements that a person looks at, made in the browser on the person's own copy. Pixels are RGBA of a canvas; each
// function gives new pixels, or a list. Nothing here touches the page.

const clamp = (value) => Math.min(255, Math.max(0, value));

/** Luma, one float a pixel. */
export function grey({ data, width, height }) {
  const out = new Float32Array(width * height);
  for (let k = 0; k < out.length; k++) out[k] = 0.299 * data[4 * k] + 0.587 * data[4 * k + 1] + 0.114 * data[4 * k + 2];
  return out;
}

/** Error level: what saving again changes, times `scale`. Both pictures have the same size. */
export function errorLevel(picture, saved, scale) {
  const out = new ImageData(picture.width, picture.height);
  for (let k = 0; k < out.data.length; k++) {
    out.data[k] = k % 4 === 3 ? 255 : clamp(scale * Math.abs(picture.data[k] - saved.data[k]));
  }
  return out;
}

/** JPEG ghost: the same difference, averaged over blocks of `side` and stretched over what occurs; dark: saved so before. */
export function ghost(picture, saved, side = 16) {
  const { width, height } = picture;
  const columns = Math.ceil(width / side);
  const sums = new Float64Array(columns * Math.ceil(height / side));
  const counts = new Uint32Array(sums.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const k = 4 * (y * width + x);
      const block = Math.floor(y / side) * columns + Math.floor(x / side);
      for (let c = 0; c < 3; c++) sums[block] += (picture.data[k + c] - saved.data[k + c]) ** 2;
      counts[block]++;
    }
  }
  const means = sums.map((sum, k) => Math.sqrt(sum / counts[k]));
  const sorted = [...means].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length * 0.02)];
  const span = sorted[Math.floor((sorted.length - 1) * 0.98)] - low || 1;
  const out = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const k = 4 * (y * width + x);
      const value = clamp((255 * (means[Math.floor(y / side) * columns + Math.floor(x / side)] - low)) / span);
      out.data.set([value, value, value, 255], k);
    }
  }
  return out;
}

/** Grain: what is left of brightness when the mean of 3 × 3 pixels is taken away, times `scale`, around middle grey. */
export function grain(picture, scale) {
  const { width, height } = picture;
  const luma = grey(picture);
  const out = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let v = -1; v <= 1; v++) {
        const row = Math.min(height - 1, Math.max(0, y + v)) * width;
        for (let u = -1; u <= 1; u++) sum += luma[row + Math.min(width - 1, Math.max(0, x + u))];
      }
      const value = clamp(128 + scale * (luma[y * width + x] - sum / 9));
      out.data.set([value, value, value, 255], 4 * (y * width + x));
    }
  }
  return out;
}

/** Luminance gradient: direction as color (red: to the right, green: downward), strength as brightness. */
export function gradient(picture, scale = 3) {
  const { width, height } = picture;
  const luma = grey(picture);
  const at = (x, y) => luma[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))];
  const out = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = at(x + 1, y) - at(x - 1, y);
      const dy = at(x, y + 1) - at(x, y - 1);
      out.data.set(
        [clamp(128 + scale * dx), clamp(128 + scale * dy), clamp(scale * Math.hypot(dx, dy)), 255],
        4 * (y * width + x),
      );
    }
  }
  return out;
}

const SIDE = 12; // of the blocks that are compared
const STEP = 2;
const CELLS = 4; // a block is described by the means of 4 × 4 cells
const FLAT = 6; // standard deviation below which a block says nothing: skies look alike everywhere
const ALIKE = 2.5; // largest root mean square difference between descriptions
const FAR = 24; // pixels that copies lie apart at least
const VOTES = 24; // blocks that must have moved alike

/**
 * Clones: regions that occur twice, moved. Blocks are described by brightness without their mean, sorted, and compared
 * with their neighbors in that order; only a shift that many blocks share counts.
 *
 * @returns {{dx: number, dy: number, pairs: number[][]}[]} strongest first; each pair is x, y of one and of the other.
 */
export function clones(picture) {
  const { width, height } = picture;
  const luma = grey(picture);
  const cell = SIDE / CELLS;
  const blocks = [];
  for (let y = 0; y + SIDE <= height; y += STEP) {
    for (let x = 0; x + SIDE <= width; x += STEP) {
      const cells = new Float32Array(CELLS * CELLS);
      for (let v = 0; v < SIDE; v++) {
        for (let u = 0; u < SIDE; u++) {
          cells[Math.floor(v / cell) * CELLS + Math.floor(u / cell)] += luma[(y + v) * width + x + u] / (cell * cell);
        }
      }
      const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
      let power = 0;
      for (let k = 0; k < cells.length; k++) {
        cells[k] -= mean;
        power += cells[k] ** 2;
      }
      if (Math.sqrt(power / cells.length) >= FLAT) blocks.push({ x, y, cells, mean });
    }
  }
  const rounded = (block, k) => Math.round(block.cells[k] / 4);
  blocks.sort((a, b) => {
    for (let k = 0; k < a.cells.length; k++) {
      const difference = rounded(a, k) - rounded(b, k);
      if (difference) return difference;
    }
    return 0;
  });
  const shifts = new Map();
  for (let i = 0; i < blocks.length; i++) {
    for (let j = i + 1; j < Math.min(blocks.length, i + 6); j++) {
      const [one, other] =
        blocks[i].y < blocks[j].y || (blocks[i].y === blocks[j].y && blocks[i].x < blocks[j].x)
          ? [blocks[i], blocks[j]]
          : [blocks[j], blocks[i]];
      const dx = other.x - one.x;
      const dy = other.y - one.y;
      if (Math.hypot(dx, dy) < FAR || Math.abs(one.mean - other.mean) > 12) continue;
      let power = 0;
      for (let k = 0; k < one.cells.length; k++) power += (one.cells[k] - other.cells[k]) ** 2;
      if (Math.sqrt(power / one.cells.length) > ALIKE) continue;
      const name = `${dx},${dy}`;
      if (!shifts.has(name)) shifts.set(name, { dx, dy, pairs: [] });
      shifts.get(name).pairs.push([one.x, one.y, other.x, other.y]);
    }
  }
  return [...shifts.values()]
    .filter((one) => one.pairs.length >= VOTES)
    .sort((a, b) => b.pairs.length - a.pairs.length)
    .slice(0, 8);
}

export const BLOCK = SIDE;

/** The preview that a camera lays into a JPEG, as bytes; null where there is none. */
export function embeddedThumbnail(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 4 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    if (marker === 0xda) return null;
    const end = at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
    const isExif = marker === 0xe1 && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "Exif";
    if (isExif) {
      for (let k = at + 10; k + 3 < Math.min(end, bytes.length); k++) {
        if (bytes[k] === 0xff && bytes[k + 1] === 0xd8 && bytes[k + 2] === 0xff) return bytes.slice(k, end);
      }
    }
    at = end;
  }
  return null;
}
