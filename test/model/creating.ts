/**
 * The step that makes mappings.
 *
 * @module
 */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { Access, Mmap } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, countErrors, type Errors, OFFSETS, throws, withGetter } from "./arguments.ts";
import { makeOptions, named, wanted } from "./options.ts";
import { renew } from "./files.ts";
import { copyPages, equal, GRANULE, type Model, PAGE, type TestFile } from "./world.ts";
import type { Step, World } from "./sequence.ts";
import type { Wish } from "./names.ts";

type Kind =
  | "mapAnon"
  | "reserve"
  | "mapMirrored"
  | "map"
  | "mapMut"
  | "mapRead"
  | "mapExec"
  | "mapShared";

const KINDS: readonly Kind[] = [
  "mapAnon",
  "mapAnon",
  "reserve",
  "mapMirrored",
  "map",
  "map",
  "mapMut",
  "mapMut",
  "mapRead",
  "mapExec",
  "mapShared",
  "mapShared",
];
const ACCESS: Readonly<Record<Kind, Access>> = {
  mapAnon: "read-write",
  reserve: "none",
  mapMirrored: "read-write",
  map: "copy-on-write",
  mapMut: "read-write",
  mapRead: "read",
  mapExec: "read-execute",
  mapShared: "read-write",
};
const CAPACITY = 2 ** 20;
/** Errors of systems without huge pages, or with none set aside. */
const NO_HUGE_PAGES: Errors = ["ENOMEM", "ENOTSUP", "EPERM", "EINVAL", "RangeError"];

/** Fills a slot with a new mapping. */
export function create(world: World, index: number, [, , a, b, c]: Step): void {
  const kind = KINDS[a % KINDS.length]!;
  const { settings, errors } = wanted(a >> 3, b);
  const isFile = kind === "map" || kind === "mapMut" || kind === "mapRead" || kind === "mapExec";
  if (kind === "mapMirrored" && b % 16 !== 2 && errors.length === 0) {
    settings["len"] = GRANULE * (1 + a % 2);
  }
  const allowed: Errors = [];
  const taken = world.slots[(index + 1) % 3];
  const isFree = taken === undefined || taken.model.isClosed || errors.length > 0;
  if (c % 16 === 0 && !isFree) {
    Object.assign(settings, { hint: taken.mmap.address, strict: true });
    // The address is that of the first byte, which need not be of a page.
    if (BigInt(taken.mmap.address) % BigInt(GRANULE) !== 0n) errors.push("RangeError");
    errors.push("EADDRNOTAVAIL");
  } else if (c % 16 === 1 && !isFree) settings["hint"] = taken.mmap.address;
  let file: TestFile | undefined;
  let source: unknown;
  let wish: Wish | undefined;
  if (kind === "mapShared") {
    wish = world.names.choose(a >> 4, c >> 1, settings, errors);
    file = wish.file;
    if (errors.length === 0 && c % 32 === 2) {
      settings["offset"] = 1;
      errors.push("RangeError");
    }
  } else if (isFile) {
    file = (c >> 12) % 3 === 0 && isFragileFree(world)
      ? world.files.fragile
      : world.files.all[c % 3]!;
    const offset = OFFSETS[(c >> 2) % OFFSETS.length]!;
    if (!("offset" in settings)) settings["offset"] = offset;
    if ((c >> 5) % 4 !== 0 && errors.length === 0) delete settings["len"];
    source = fileSource(world, file, c >> 7, errors, allowed);
    if (countErrors(settings["offset"]).length + countErrors(settings["len"] ?? 0).length === 0) {
      const rest = file.bytes.length - Number(settings["offset"]);
      if (rest <= 0 || Number(settings["len"] ?? 0) > rest) errors.push("RangeError");
    }
    if (kind === "mapExec") allowed.push("EPERM", "EACCES");
  } else {
    if (errors.length === 0 && c % 32 === 2) {
      settings["offset"] = 1;
      errors.push("RangeError");
    }
    if (kind === "reserve" && settings["populate"] === true) errors.push("RangeError");
    if (c % 32 === 3) {
      settings["len"] = 0;
      errors.push("RangeError");
    }
  }
  const canGrow = kind === "mapAnon" || kind === "map" || kind === "mapMut" ||
    (platform === "linux" && kind === "mapShared");
  const isPlain = errors.length === 0 && settings["huge"] === undefined;
  if (canGrow && isPlain && file !== world.files.fragile && (c >> 4) % 3 === 0) {
    settings["capacity"] = CAPACITY - a % 5;
  } else if (isPlain && c % 32 === 4) {
    const value = [1, bad(a), 2 ** 53 - 1][b % 3];
    settings["capacity"] = value;
    const flaws = countErrors(value);
    if (flaws.length === 0 && Number(value) === 0) return; // that is none
    errors.push(...flaws, "RangeError", "ENOMEM", "EOVERFLOW", "ENOTSUP", "EINVAL");
  }
  // An emulator takes huge pages of any length for those of 2 MiB.
  if (world.isEmulated && settings["huge"] !== undefined) return;
  errors.push(...notHonoured(settings, kind));
  if (settings["huge"] !== undefined) allowed.push(...NO_HUGE_PAGES);
  // Where it is strict, the place must be aligned too.
  if (settings["align"] !== undefined && settings["strict"] === true) allowed.push("RangeError");
  // A zero is a bad length (and -0 none), which only mapping tells.
  const isStrict = settings["strict"] === true && settings["hint"] !== undefined;
  if (isStrict && !errors.includes("EADDRNOTAVAIL")) allowed.push("EADDRNOTAVAIL", "RangeError");
  const mmap = world.call(
    `slot ${index} = ${kind}(${file === undefined ? "" : basename(file.path)}) ${named(settings)}`,
    errors,
    () => {
      const options = makeOptions(settings, b % 2 === 0);
      if (wish !== undefined) return options.mapShared(wish.name as string, wish.options as object);
      return isFile ? options[kind as "map"](source as string) : options[kind as "mapAnon"]();
    },
    allowed,
  );
  if (mmap === undefined) return;
  if (wish !== undefined) world.names.mapped(wish);
  if (settings["huge"] !== undefined) return mmap.unmap(); // the model knows no such pages
  const model = modelOf(kind, mmap, file, settings);
  if (settings["populate"] === true) copyPages(model, 0, model.own.length, 2);
  if (world.slots[index] !== undefined) world.drop(index);
  world.slots[index] = { mmap, model, kept: [] };
}

/** Tells whether nobody maps the file that is truncated, which then is as it was at first. */
function isFragileFree({ files, slots }: World): boolean {
  const { fragile } = files;
  if (slots.some((slot) => slot?.model.file === fragile && !slot.model.isClosed)) return false;
  if (fragile.isDirty) renew(fragile);
  return true;
}

/** Errors of calls that cannot honour good options. */
function notHonoured(settings: Record<string, unknown>, kind: Kind): Errors {
  const { huge, stack, name, noReserve } = settings;
  // What is no count has its own error.
  const [align, guard, len] = ["align", "guard", "len"].map((name) => {
    const value = settings[name] ?? 0;
    return countErrors(value).length === 0 ? Number(value) : 0;
  }) as [number, number, number];
  const [isAligned, hasGuard] = [align > 0, guard > 0];
  const isOdd = isAligned && align < GRANULE;
  const isMirror = kind === "mapMirrored";
  const isRefused = isMirror
    ? isAligned || hasGuard || huge !== undefined || stack === true || name !== undefined ||
      len % GRANULE !== 0
    : kind === "mapAnon"
    ? huge !== undefined && (hasGuard || name !== undefined || noReserve === true)
    : huge !== undefined || (kind !== "reserve" && (stack === true || name !== undefined));
  return isRefused || isOdd ? ["RangeError"] : [];
}

/** A file in one of the ways to name it, or what is none. */
function fileSource(
  world: World,
  { path, fd }: TestFile,
  n: number,
  errors: Errors,
  allowed: Errors,
): unknown {
  switch (n % 24) {
    case 0:
      errors.push("ENOENT");
      return `${path}.missing`;
    case 1:
      errors.push("EISDIR");
      if (platform === "win32") allowed.push("EACCES", "EPERM");
      return world.files.folder;
    case 2:
      errors.push("EINVAL");
      return world.files.empty;
    case 3:
      errors.push("TypeError");
      return [undefined, null, {}, [], 1.5, NaN, true, { fd: "1" }, Symbol("file")][n % 9];
    case 4:
      errors.push("RangeError");
      return [-1, 2 ** 31, { fd: -1 }, 2 ** 40][n % 4];
    case 5:
      errors.push("EBADF", "ENOTSUP");
      return 54_321;
    case 6:
      errors.push("Thrown");
      return withGetter("fd", throws);
    case 7:
      errors.push("TypeError");
      return new URL("https://example.com/file");
    case 8:
    case 9:
      allowed.push("ENOTSUP");
      return n % 2 === 0 ? fd : { fd };
    case 10:
      return pathToFileURL(path);
    default:
      return path;
  }
}

function modelOf(
  kind: Kind,
  mmap: Mmap,
  file: TestFile | undefined,
  { len, offset: given = 0, align = 0, guard = 0, capacity = 0 }: Record<string, unknown>,
): Model {
  const offset = Number(given);
  const isMirror = kind === "mapMirrored";
  const byteLength = len === undefined
    ? file!.bytes.length - offset
    : (isMirror ? 2 : 1) * Number(len);
  if (mmap.byteLength !== byteLength) throw new Error(`The byteLength is ${mmap.byteLength}`);
  const skip = offset % GRANULE;
  if (Number(align) > 0) {
    equal(
      (mmap.address - BigInt(skip)) % BigInt(Number(align)),
      0n,
      "The address beyond the alignment",
    );
  }
  const pages = Math.ceil((skip + byteLength) / PAGE);
  return {
    source: isMirror
      ? "mirror"
      : file === undefined
      ? "memory"
      : kind === "mapMut" || kind === "mapShared"
      ? "shared"
      : kind === "mapRead"
      ? "read-only"
      : "private",
    byteLength,
    skip,
    access: Array<Access>(pages).fill(ACCESS[kind]),
    own: new Uint8Array(skip + byteLength),
    copied: new Uint8Array(pages),
    file,
    fileOffset: offset - skip,
    guards: [roundUp(Number(guard), GRANULE), roundUp(Number(guard), PAGE)],
    capacity: Number(capacity) === 0 ? 0 : roundUp(skip + Number(capacity), PAGE) - skip,
    lost: undefined,
    isClosed: false,
    isTransferred: false,
    wasLocked: false,
    isLent: false,
    hasStrangers: false,
  };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
