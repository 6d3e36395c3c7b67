/**
 * Text for terminals: sizes, and lines of a limited width.
 *
 * @module
 */

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Formats a number of bytes in its shortest unit, with at most one decimal. */
export function size(byteLength: number): string {
  let [value, unit] = [byteLength, 0];
  // A value that would be rounded to 1024 is 1 of the next unit.
  for (; value >= 1023.95 && unit < UNITS.length - 1; unit++) value /= 1024;
  const rounded = unit === 0 ? value : Math.round(value * 10) / 10;
  return `${rounded} ${UNITS[unit]}`;
}

/** Formats a whole number with a comma at each third digit. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The first code point of a character that can take two columns. */
const FIRST_WIDE = 0x1100;

/** The maximum number of columns that a text takes. */
export function columns(text: string): number {
  let sum = 0;
  for (const character of text) sum += character.codePointAt(0)! < FIRST_WIDE ? 1 : 2;
  return sum;
}

/**
 * Escapes unprintable characters: a path can contain newlines, escape sequences
 * of a terminal, and marks that turn the direction of a line.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** Replaces the part that is left out. */
const ELLIPSIS = "...";

/** Shortens a text to a number of columns. It keeps the end, which says the most in a path. */
export function shortened(text: string, maxColumns: number): string {
  if (columns(text) <= maxColumns) return text;
  const characters = [...text];
  let left = maxColumns - ELLIPSIS.length;
  let first = characters.length;
  while (first > 0 && columns(characters[first - 1]!) <= left) {
    left -= columns(characters[--first]!);
  }
  return ELLIPSIS.slice(0, maxColumns) + characters.slice(first).join("");
}

/** Breaks a text into indented lines of a maximum number of columns. */
export function wrapped(text: string, maxColumns: number, indent: number): string[] {
  const room = maxColumns - indent;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => cut(word, room))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (columns(longer) <= room) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== "") lines.push(line);
  return lines.map((line) => " ".repeat(indent) + line);
}

/** Cuts a word into parts that fit a line. */
function cut(word: string, room: number): string[] {
  const parts = [""];
  for (const character of word) {
    if (columns(parts.at(-1)! + character) > room) parts.push("");
    parts[parts.length - 1] += character;
  }
  return parts;
}
