/**
 * Numbers as people read them.
 *
 * @module
 */

/** Three digits of a number. */
function digits(value: number): string {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2);
}

function scaled(value: number, units: readonly string[], step: number): string {
  let index = 0;
  for (; Math.abs(value) >= 0.9995 * step && index < units.length - 1; index++) value /= step;
  return `${digits(value)} ${units[index]}`;
}

/** A time, in nanoseconds. */
export function timeText(nanoseconds: number): string {
  return scaled(nanoseconds, ["ns", "µs", "ms", "s"], 1000);
}

/** An amount of memory. */
export function bytesText(bytes: number): string {
  return Math.abs(bytes) < 1e4
    ? `${bytes.toFixed(0)} B`
    : scaled(bytes, ["B", "KB", "MB", "GB"], 1000);
}

/** How long a mapping or a file is. */
export function sizeText(bytes: number): string {
  if (bytes === 0) return "";
  let index = 0;
  for (; bytes >= 1024 && index < 3; index++) bytes /= 1024;
  return `${bytes} ${["B", "KiB", "MiB", "GiB"][index]}`;
}

/** How many times as much. */
export function ratioText(ratio: number): string {
  return `${ratio < 0.1 ? ratio.toPrecision(1) : digits(ratio)} x`;
}
