/** A blurhash (https://blurha.sh) as a small picture, without a canvas, so that a server can render it too. */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** Red, green and blue of each pixel, row by row from the top. Throws RangeError for what is no blurhash. */
export function blurhashPixels(hash: string, width: number, height: number): Uint8Array {
  const values = [...hash].map((digit) => DIGITS.indexOf(digit));
  const size = values[0] ?? -1;
  const [across, down] = [(size % 9) + 1, Math.floor(size / 9) + 1];
  if (values.includes(-1) || values.length !== 4 + 2 * across * down) throw new RangeError("not a blurhash");
  const number = (from: number, to: number) => values.slice(from, to).reduce((sum, value) => sum * 83 + value, 0);
  const largest = (number(1, 2) + 1) / 166;
  const factors = Array.from({ length: across * down }, (_, index) =>
    index === 0 ? average(number(2, 6)) : contrast(number(4 + 2 * index, 6 + 2 * index), largest),
  );
  const columns = cosines(width, across);
  const rows = cosines(height, down);
  const pixels = new Uint8Array(width * height * 3);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      for (let colour = 0; colour < 3; colour++) {
        let light = 0;
        row.forEach((vertical, y) =>
          column.forEach((horizontal, x) => {
            light += (factors[x + y * across]?.[colour] ?? 0) * vertical * horizontal;
          }),
        );
        pixels[at++] = toSrgb(light);
      }
    }
  }
  return pixels;
}

/** A data: URL of the picture, for an <img> or a CSS background; it is enlarged without harm. */
export function blurhashUrl(hash: string, width = 24, height = 24): string {
  const pixels = blurhashPixels(hash, width, height);
  const rowBytes = Math.ceil((width * 3) / 4) * 4; // a row of a BMP ends at a multiple of four bytes
  const file = new Uint8Array(54 + rowBytes * height);
  const header = new DataView(file.buffer);
  header.setUint16(0, 0x424d); // "BM"
  for (const [at, value] of [[2, file.length], [10, 54], [14, 40], [18, width], [22, height]] as const) {
    header.setUint32(at, value, true);
  }
  header.setUint16(26, 1, true); // planes
  header.setUint16(28, 24, true); // bits a pixel
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = 54 + (height - 1 - y) * rowBytes + x * 3; // from the bottom up, blue first
      file.set([pixels[from + 2] ?? 0, pixels[from + 1] ?? 0, pixels[from] ?? 0], to);
    }
  }
  return `data:image/bmp;base64,${btoa(String.fromCharCode(...file))}`;
}

type Colour = readonly [number, number, number];

function average(value: number): Colour {
  return [toLinear(value >> 16), toLinear((value >> 8) & 255), toLinear(value & 255)];
}

function contrast(value: number, largest: number): Colour {
  const part = (digit: number) => Math.sign(digit - 9) * ((digit - 9) / 9) ** 2 * largest;
  return [part(Math.floor(value / 361)), part(Math.floor(value / 19) % 19), part(value % 19)];
}

function cosines(pixels: number, components: number): number[][] {
  return Array.from({ length: pixels }, (_, pixel) =>
    Array.from({ length: components }, (__, component) => Math.cos((Math.PI * pixel * component) / pixels)),
  );
}

function toLinear(value: number): number {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function toSrgb(light: number): number {
  const part = Math.min(1, Math.max(0, light));
  return Math.trunc((part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055) * 255 + 0.5);
}
