/**
 * Settings that a call does not support.
 *
 * @module
 */
import type { MmapSettings } from "./settings.ts";

/** The calls that map. */
export type MapCall = "mapAnon" | "reserve" | "mapMirrored" | "file" | "shared";

/** Settings that no call supports together, or one call does not support, and the message. */
const REFUSED: readonly (readonly [
  isRefused: (settings: MmapSettings, call: MapCall) => boolean,
  message: string,
])[] = [
  [
    ({ offset }, call) => offset !== 0 && call === "shared",
    "Memory of mapShared() is mapped from its start: drop offset(), and ask view() for a part",
  ],
  [
    ({ name }, call) => name !== undefined && call === "shared",
    "Memory of mapShared() has the name that it is shared by: drop name()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "shared",
    "Memory of mapShared() has no huge pages: drop huge()",
  ],
  [({ stack }, call) => stack && call === "shared", "Shared memory is no stack: drop stack()"],
  [
    ({ offset }, call) => offset !== 0 && call !== "file",
    "Anonymous memory has no offset in a file: drop offset()",
  ],
  [
    ({ populate }, call) => populate && call === "reserve",
    "reserve() has no memory to populate: drop populate()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "reserve",
    "reserve() takes no memory, and so no huge pages: drop huge()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "file",
    "Memory of a file has no huge pages: drop huge()",
  ],
  [({ stack }, call) => stack && call === "file", "Memory of a file is no stack: drop stack()"],
  [
    ({ name }, call) => name !== undefined && call === "file",
    "Memory of a file has the name of the file: drop name()",
  ],
  [
    ({ align, guard, huge, stack, name }, call) =>
      call === "mapMirrored" &&
      (align !== 0 || guard !== 0 || huge !== false || stack || name !== undefined),
    "mapMirrored() lays its memory out itself: drop align(), guard(), huge(), stack() and name()",
  ],
  [
    ({ huge, noReserve }) => huge !== false && noReserve,
    "A store to a huge page that is not there would end the process: drop noReserve() or huge()",
  ],
  [
    ({ huge, guard }) => huge !== false && guard !== 0,
    "Huge pages have no guard pages around them: drop guard() or huge()",
  ],
  [
    ({ huge, name }) => huge !== false && name !== undefined,
    "The system names no huge pages: drop name() or huge()",
  ],
];

/** Refuses settings that a call does not support: none is ever ignored. */
export function checkSupported(settings: MmapSettings, call: MapCall): void {
  const refused = REFUSED.find(({ 0: isRefused }) => isRefused(settings, call));
  if (refused !== undefined) throw new RangeError(refused[1]);
}
