/**
 * Refusals of settings that a call does not support, or that exclude each other.
 *
 * @module
 */
import type { MmapSettings } from "./settings.ts";

/** The calls that map. */
export type MapCall = "mapAnon" | "reserve" | "mapMirrored" | "file" | "shared";

const PLACED = "Memory of the engine is where it is";

/** The refused combinations, and their messages. */
const REFUSED: readonly (readonly [
  isRefused: (settings: MmapSettings, call: MapCall, isPlaced: boolean) => boolean,
  message: string,
])[] = [
  [
    ({ offset }, call) => offset !== 0 && call === "shared",
    "mapShared() maps from the start of the memory: drop offset(), and use view() for a part",
  ],
  [
    ({ name }, call) => name !== undefined && call === "shared",
    "The label of memory of mapShared() is its shared name: drop name()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "shared",
    "mapShared() does not support huge pages: drop huge()",
  ],
  [({ stack }, call) => stack && call === "shared", "mapShared() cannot map a stack: drop stack()"],
  [
    ({ offset }, call) => offset !== 0 && call !== "file",
    "Anonymous memory has no file for an offset: drop offset()",
  ],
  [
    ({ populate }, call) => populate && call === "reserve",
    "reserve() takes no memory that could be populated: drop populate()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "reserve",
    "reserve() takes no memory, and huge pages are taken at once: drop huge()",
  ],
  [
    ({ huge }, call) => huge !== false && call === "file",
    "Huge pages are only for anonymous memory: drop huge()",
  ],
  [
    ({ stack }, call) => stack && call === "file",
    "A file cannot be mapped as a stack: drop stack()",
  ],
  [
    ({ name }, call) => name !== undefined && call === "file",
    "The label of memory of a file is its path: drop name()",
  ],
  [
    ({ align, guard, huge, stack, name }, call) =>
      call === "mapMirrored" &&
      (align !== 0 || guard !== 0 || huge !== false || stack || name !== undefined),
    "mapMirrored() does not support these options: drop align(), guard(), huge(), stack() and name()",
  ],
  [
    ({ allocate }, call) => allocate && call === "shared",
    "New memory of mapShared() is set aside without this option: drop allocate()",
  ],
  [
    ({ allocate }, call) => allocate && call !== "file",
    "Anonymous memory has no blocks of a disk: drop allocate()",
  ],
  [
    ({ create }, call) => create && call === "shared",
    'mapShared() makes memory by the mode "create": drop create()',
  ],
  [
    ({ create }, call) => create && call !== "file",
    "Anonymous memory has no file to make: drop create()",
  ],
  [
    ({ create, len }) => create && len === 0,
    "A file that may have to be made needs a length: set len(), or drop create()",
  ],
  [
    ({ capacity }, call) => capacity !== 0 && call === "reserve",
    "reserve() sets addresses aside by itself: drop capacity(), and use len()",
  ],
  [
    ({ capacity }, call) => capacity !== 0 && call === "mapMirrored",
    "Memory of mapMirrored() cannot grow: drop capacity()",
  ],
  [
    ({ capacity }, _call, isPlaced) => capacity !== 0 && isPlaced,
    `${PLACED}, and cannot grow: drop capacity()`,
  ],
  [
    ({ capacity, huge }) => capacity !== 0 && huge !== false,
    "Huge pages cannot grow: drop capacity() or huge()",
  ],
  [
    ({ sharedBuffer }, call) => sharedBuffer && (call === "reserve" || call === "mapMirrored"),
    "A shared buffer is readable and writable, and mapped once: drop sharedBuffer()",
  ],
  [
    ({ hint, align, guard }, _call, isPlaced) =>
      isPlaced && (hint !== 0n || align !== 0 || guard !== 0),
    `${PLACED}: drop withHint(), align() and guard()`,
  ],
  [
    ({ sharedBuffer, populate }, call) => sharedBuffer && populate && call === "mapAnon",
    "The engine maps the memory of a shared buffer: call prefault() in place of populate()",
  ],
  [
    ({ sharedBuffer, huge, stack }) => sharedBuffer && (huge !== false || stack),
    "A shared buffer has no huge pages, and is no stack: drop huge() and stack()",
  ],
  [
    ({ huge, noReserve }) => huge !== false && noReserve,
    "A store to a huge page that was not reserved can end the process: drop noReserve() or huge()",
  ],
  [
    ({ huge, guard }) => huge !== false && guard !== 0,
    "Huge pages cannot have guard pages around them: drop guard() or huge()",
  ],
  [
    ({ huge, name }) => huge !== false && name !== undefined,
    "The system cannot label huge pages: drop name() or huge()",
  ],
];

/**
 * Refuses settings that a call does not support. No setting is ever ignored. `isPlaced` is for memory of
 * the engine.
 */
export function checkSupported(settings: MmapSettings, call: MapCall, isPlaced: boolean): void {
  const refused = REFUSED.find(({ 0: isRefused }) => isRefused(settings, call, isPlaced));
  if (refused !== undefined) throw new RangeError(refused[1]);
}
