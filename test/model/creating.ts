/**
 * The steps that make options and mappings.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { type Access, type Mmap, MmapOptions } from "../../mod.ts";
import { platform } from "../harness.ts";
import { bad, countErrors, type Errors, OFFSETS, throws, withGetter, words } from "./arguments.ts";
import { copyPages, GRANULE, type Model, PAGE, type TestFile } from "./world.ts";
import type { Step, World } from "./sequence.ts";

type Kind = "mapAnon" | "reserve" | "map" | "mapMut" | "mapExec";

const KINDS: readonly Kind[] = ["mapAnon", "mapAnon", "reserve", "map", "map", "mapMut", "mapExec"];
const ACCESS: Readonly<Record<Kind, Access>> = {
  mapAnon: "read-write",
  reserve: "none",
  map: "copy-on-write",
  mapMut: "read-write",
  mapExec: "read-execute",
};
const FLAGS = ["populate", "noReserve", "strict", "truncationGuard"] as const;

/** What is set, with the errors that setting it must throw. */
interface Wanted {
  readonly settings: Record<string, unknown>;
  readonly errors: Errors;
}

/** Options, now and then bad ones. */
function wanted(a: number, b: number): Wanted {
  const settings: Record<string, unknown> = {
    len: PAGE * (1 + a % 5) - [0, 0, 0, 1, 100][b % 5]!,
  };
  const errors: Errors = [];
  FLAGS.forEach((flag, index) => {
    if (((a >> 3) & (1 << index)) !== 0 && b % 3 === 0) settings[flag] = true;
  });
  switch ((b >> 3) % 32) {
    case 0: {
      const name = ["len", "offset", "hint"][a % 3]!;
      let value = bad(a >> 2);
      // Wine takes addresses beyond the address space, and maps nothing there.
      if (platform === "win32" && name === "hint" && value === 2n ** 53n) value = -1n;
      settings[name] = value;
      errors.push(...(name === "hint" ? addressErrors(value) : countErrors(value)));
      break;
    }
    case 1: {
      const value = bad(a >> 2);
      settings[FLAGS[a % 4]!] = value;
      if (typeof value !== "boolean") errors.push("TypeError");
      break;
    }
    case 2:
      settings["lenght"] = 1;
      errors.push("TypeError");
      break;
    case 3:
      settings["hint"] = 2n ** 64n - 1n;
      settings["len"] = 2 * PAGE;
      errors.push("RangeError");
      break;
    case 4:
      settings["len"] = BigInt(settings["len"] as number);
  }
  return { settings, errors };
}

function addressErrors(value: unknown): Errors {
  if (typeof value === "bigint") return value < 0n || value >= 2n ** 64n ? ["RangeError"] : [];
  return countErrors(value);
}

/** Makes options in one of both styles. */
function makeOptions(settings: Record<string, unknown>, bySetters: boolean): MmapOptions {
  if (!bySetters) return new MmapOptions(settings);
  const setters: Record<string, string> = { hint: "withHint" };
  let options = new MmapOptions();
  for (const [name, value] of Object.entries(settings)) {
    const setter = setters[name] ?? name;
    // deno-lint-ignore no-explicit-any
    const before = options as any;
    if (typeof before[setter] !== "function") throw new TypeError("There is no such setter");
    options = before[setter](value);
    if (!Object.isFrozen(options) || options === before) throw new Error("No new options");
  }
  return options;
}

/** Makes options that are not used. */
export function options(world: World, _index: number, [, , a, b, c]: Step): void {
  if (c % 16 === 0) {
    const init = withGetter(["len", "hint", "strict"][a % 3]!, throws);
    world.call("new MmapOptions({ get … })", ["Thrown"], () => new MmapOptions(init));
    return;
  }
  if (c % 16 === 1) {
    const init = [null, 1, "len", Symbol("init")][a % 4] as never;
    world.call("new MmapOptions(not an object)", ["TypeError"], () => new MmapOptions(init));
    return;
  }
  const { settings, errors } = wanted(a, b);
  const made = world.call(
    `options ${named(settings)}`,
    errors,
    () => makeOptions(settings, c % 2 === 0),
  );
  if (made === undefined) return;
  for (const [name, value] of Object.entries(settings)) {
    const actual = made.settings[name as keyof typeof made.settings];
    if (actual != value) throw new Error(`The option ${name} is ${actual}, set to ${value}`);
  }
  String(made);
}

/** Fills a slot with a new mapping. */
export function create(world: World, index: number, [, , a, b, c]: Step): void {
  const kind = KINDS[a % KINDS.length]!;
  const { settings, errors } = wanted(a >> 3, b);
  const isFile = kind.startsWith("map") && kind !== "mapAnon";
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
  if (isFile) {
    file = world.files.all[c % 3]!;
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
  // A zero is a bad length (and -0 none), which only mapping tells.
  const isStrict = settings["strict"] === true && settings["hint"] !== undefined;
  if (isStrict && !errors.includes("EADDRNOTAVAIL")) allowed.push("EADDRNOTAVAIL", "RangeError");
  const mmap = world.call(
    `slot ${index} = ${kind}(${isFile ? String(c % 3) : ""}) ${named(settings)}`,
    errors,
    () => {
      const options = makeOptions(settings, b % 2 === 0);
      return isFile ? options[kind as "map"](source as string) : options[kind as "mapAnon"]();
    },
    allowed,
  );
  if (mmap === undefined) return;
  const model = modelOf(kind, mmap, file, Number(settings["offset"] ?? 0), settings["len"]);
  if (settings["populate"] === true) copyPages(model, 0, model.own.length, 2);
  if (world.slots[index] !== undefined) world.drop(index);
  world.slots[index] = { mmap, model, kept: [] };
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
  offset: number,
  len: unknown,
): Model {
  const byteLength = len === undefined ? file!.bytes.length - offset : Number(len);
  if (mmap.byteLength !== byteLength) throw new Error(`The byteLength is ${mmap.byteLength}`);
  const skip = offset % GRANULE;
  const pages = Math.ceil((skip + byteLength) / PAGE);
  return {
    source: file === undefined ? "memory" : kind === "mapMut" ? "shared" : "private",
    byteLength,
    skip,
    access: Array<Access>(pages).fill(ACCESS[kind]),
    own: new Uint8Array(skip + byteLength),
    copied: new Uint8Array(pages),
    file,
    fileOffset: offset - skip,
    isClosed: false,
    isTransferred: false,
    wasLocked: false,
  };
}

function named(settings: Record<string, unknown>): string {
  return Object.entries(settings).map(([name, value]) => `${name}: ${words(value)}`).join(", ");
}
