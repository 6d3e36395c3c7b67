/**
 * The text of `/proc/pid/maps` and `/proc/pid/smaps`:
 * {@link https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html},
 * {@link https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html}.
 *
 * @module
 */
import { type AddressRange, protectionOf, type RegionFacts } from "../contract/regions.ts";

/** A line of `maps`. It ends with the path, which can contain anything except a newline. */
const LINE =
  /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([sp]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/s;

/** The only field of `smaps` that is used. */
const RSS = /^Rss: +(\d+) kB$/;

/** The suffix that the kernel appends to the path of a deleted file. */
const DELETED = " (deleted)";

/** A name in brackets that is the label of a program. */
const LABEL = /^\[anon(?:_shmem)?:(.*)\]$/;

type Named = Pick<RegionFacts, "path" | "isDeleted" | "name">;

const NAMELESS: Named = { path: undefined, isDeleted: false, name: undefined };

/**
 * Parses the text. Skips addresses that an earlier line contains: the kernel continues each part
 * where the last one ended, and a mapping may have grown beyond that in between.
 */
export function parseMaps(text: string, resident: boolean): RegionFacts[] {
  const regions = new Set<RegionFacts>();
  let last: RegionFacts | undefined;
  let told = 0n;
  let isNew = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("Rss:")) {
      const rss = RSS.exec(line);
      if (!isNew || rss === null || last?.residentByteLength === undefined) continue;
      regions.delete(last);
      // The start of the region may have been skipped.
      last = { ...last, residentByteLength: Math.min(1024 * Number(rss[1]), last.byteLength) };
      regions.add(last);
      continue;
    }
    const match = LINE.exec(line);
    if (match === null) continue;
    const start = BigInt(`0x${match[1]}`);
    const end = BigInt(`0x${match[2]}`);
    isNew = end > told && end > start;
    if (!isNew) continue;
    const address = start < told ? told : start;
    told = end;
    const isShared = match[6] === "s";
    const isOfFile = match[7] !== "0";
    const { path, isDeleted, name } = match[8] === "" ? NAMELESS : named(match[8]!);
    last = {
      address,
      byteLength: Number(end - address),
      access: protectionOf(
        match[3] === "r",
        match[4] === "w",
        match[5] === "x",
        !isShared && isOfFile,
      ),
      isShared,
      path,
      isDeleted,
      name,
      residentByteLength: resident ? 0 : undefined,
    };
    regions.add(last);
  }
  return [...regions];
}

/** Returns the lines of `maps` that overlap a range: to parse all takes four times as long. */
export function linesWithin(text: string, { address, byteLength }: AddressRange): string {
  const start = Number(address);
  const end = Number(address + byteLength);
  return text.split("\n").filter((line) =>
    parseInt(line, 16) < end && parseInt(line.slice(line.indexOf("-") + 1), 16) > start
  ).join("\n");
}

/** Whether the last whole line that starts in a part of `maps` is past a range. */
export function isPast(part: string, { address, byteLength }: AddressRange): boolean {
  const before = part.lastIndexOf("\n", part.length - 2);
  // Without the start of a line, the digits can be those of a path.
  return before >= 0 && parseInt(part.slice(before + 1), 16) >= Number(address + byteLength);
}

/**
 * Reads a path, or a name in brackets. The kernel writes a newline as `\012`, and everything else
 * unchanged.
 */
function named(text: string): Named {
  if (!text.startsWith("/")) return { ...NAMELESS, name: LABEL.exec(text)?.[1] ?? text };
  const path = text.includes("\\012") ? text.replaceAll("\\012", "\n") : text;
  return path.endsWith(DELETED)
    ? { ...NAMELESS, path: path.slice(0, -DELETED.length), isDeleted: true }
    : { ...NAMELESS, path };
}
