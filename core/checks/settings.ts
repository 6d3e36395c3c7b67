/**
 * The settings of a mapping, and their checks.
 *
 * @module
 */
import {
  byteCount,
  checkOptions,
  describe,
  flag,
  memoryAddress,
  powerOfTwo,
  rangeInAddressSpace,
} from "./arguments.ts";

/**
 * Options for the constructor of {@linkcode MmapOptions}. Each is described at the setter of the
 * same name. Like all options of the library, they can be inherited, but not from
 * `Object.prototype`.
 */
export interface MmapInit {
  /** The length in bytes: {@linkcode MmapOptions.len}. Default: 0, the rest of a file. */
  readonly len?: number | bigint | undefined;
  /** The length up to which the memory can grow in its place, in bytes: {@linkcode MmapOptions.capacity}. Default: 0, none. */
  readonly capacity?: number | bigint | undefined;
  /** The address to map at: {@linkcode MmapOptions.withHint}. Default: 0, no hint. */
  readonly hint?: number | bigint | undefined;
  /** Whether mapping backs every page with memory: {@linkcode MmapOptions.populate}. Default: false. */
  readonly populate?: boolean | undefined;
  /** Whether to reserve no swap space: {@linkcode MmapOptions.noReserve}. Default: false. */
  readonly noReserve?: boolean | undefined;
  /** Whether the mapping must start exactly at the hint: {@linkcode MmapOptions.strict}. Default: false. */
  readonly strict?: boolean | undefined;
  /** The position in the file at which the mapping starts, in bytes: {@linkcode MmapOptions.offset}. Default: 0. */
  readonly offset?: number | bigint | undefined;
  /** The alignment of the address, in bytes: {@linkcode MmapOptions.align}. Default: 0, any page. */
  readonly align?: number | bigint | undefined;
  /** The length of the guard on each side, in bytes: {@linkcode MmapOptions.guard}. Default: 0. */
  readonly guard?: number | bigint | undefined;
  /** Whether to use huge pages, or their length in bytes: {@linkcode MmapOptions.huge}. Default: false. */
  readonly huge?: boolean | number | bigint | undefined;
  /** Whether the memory is for a stack: {@linkcode MmapOptions.stack}. Default: false. */
  readonly stack?: boolean | undefined;
  /** The label that the system shows: {@linkcode MmapOptions.name}. Default: none. */
  readonly name?: string | undefined;
  /** Whether views survive truncation of the file: {@linkcode MmapOptions.truncationGuard}. Default: true. */
  readonly truncationGuard?: boolean | undefined;
  /** Whether views are of a `SharedArrayBuffer`: {@linkcode MmapOptions.sharedBuffer}. Default: false. */
  readonly sharedBuffer?: boolean | undefined;
  /** Whether a file is made, or made longer, if need be: {@linkcode MmapOptions.create}. Default: false. */
  readonly create?: boolean | undefined;
  /** Whether blocks of the disk are set aside: {@linkcode MmapOptions.allocate}. Default: false. */
  readonly allocate?: boolean | undefined;
}

/** The value of every option of an {@linkcode MmapOptions}. */
export interface MmapSettings {
  /** The length in bytes. */
  readonly len: number;
  /** The length up to which the memory can grow in its place, in bytes; 0 for none. */
  readonly capacity: number;
  /** The address to map at; `0n` for no hint. */
  readonly hint: bigint;
  /** Whether mapping backs every page with memory before it returns. */
  readonly populate: boolean;
  /** Whether no swap space is reserved. */
  readonly noReserve: boolean;
  /** Whether the mapping must start exactly at the hint. */
  readonly strict: boolean;
  /** The position in the file at which the mapping starts, in bytes. */
  readonly offset: number;
  /** The alignment of the address, in bytes; 0 for any page. */
  readonly align: number;
  /** The length of the guard on each side, in bytes. */
  readonly guard: number;
  /** Whether to use huge pages, or their length in bytes. */
  readonly huge: boolean | number;
  /** Whether the memory is for a stack. */
  readonly stack: boolean;
  /** The label that the system shows. */
  readonly name: string | undefined;
  /** Whether views survive truncation of the file, on systems that support it. */
  readonly truncationGuard: boolean;
  /** Whether views are of a `SharedArrayBuffer`. */
  readonly sharedBuffer: boolean;
  /** Whether a file is made, or made longer, if need be. */
  readonly create: boolean;
  /** Whether blocks of the disk are set aside. */
  readonly allocate: boolean;
}

const DEFAULTS: MmapSettings = Object.freeze({
  len: 0,
  capacity: 0,
  hint: 0n,
  populate: false,
  noReserve: false,
  strict: false,
  offset: 0,
  align: 0,
  guard: 0,
  huge: false,
  stack: false,
  name: undefined,
  truncationGuard: true,
  sharedBuffer: false,
  create: false,
  allocate: false,
});

// The names of options in messages.
export const LEN: string = "The length (len)";
export const CAPACITY: string = "The capacity";
export const HINT: string = "The hint";
export const OFFSET: string = "The offset";
export const ALIGN: string = "The alignment (align)";
export const GUARD: string = "The guard";
export const HUGE: string = "The length of a huge page (huge)";

/** Changes settings. Each value of `change` was checked by itself. */
export function changed(settings: MmapSettings, change: Partial<MmapSettings>): MmapSettings {
  return frozen({ ...settings, ...change });
}

/** Checks options, and fills in defaults. */
export function settingsOf(init: MmapInit | undefined): MmapSettings {
  if (init === undefined) return DEFAULTS;
  const options = checkOptions(init, DEFAULTS);
  const { huge, name } = options;
  const settings = {
    len: byteCount(options.len, LEN),
    capacity: byteCount(options.capacity, CAPACITY),
    hint: memoryAddress(options.hint, HINT),
    populate: flag(options.populate, "populate"),
    noReserve: flag(options.noReserve, "noReserve"),
    strict: flag(options.strict, "strict"),
    offset: byteCount(options.offset, OFFSET),
    align: powerOfTwo(options.align, ALIGN),
    guard: byteCount(options.guard, GUARD),
    huge: typeof huge === "boolean" ? huge : powerOfTwo(huge, HUGE) || false,
    stack: flag(options.stack, "stack"),
    name: name === undefined ? undefined : label(name),
    truncationGuard: flag(options.truncationGuard, "truncationGuard"),
    sharedBuffer: flag(options.sharedBuffer, "sharedBuffer"),
    create: flag(options.create, "create"),
    allocate: flag(options.allocate, "allocate"),
  };
  return frozen(settings);
}

function frozen(settings: MmapSettings): MmapSettings {
  const { hint, len, capacity } = settings;
  rangeInAddressSpace(hint, Math.max(len, capacity));
  return Object.freeze(settings);
}

/** The longest label that Linux accepts, in bytes. */
const MAX_LABEL_BYTE_LENGTH = 79;

/** Checks a label by the rules of Linux. */
export function label(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`The name must be a string, got ${describe(value)}`);
  }
  if (!/^[ -~]+$/.test(value) || /[\\`$[\]]/.test(value)) {
    throw new RangeError(
      "The name must consist of printable ASCII characters except \\, `, $, [ and ], and must not " +
        `be empty, got ${describe(value)}`,
    );
  }
  if (value.length <= MAX_LABEL_BYTE_LENGTH) return value;
  throw new RangeError(
    `The name must be at most ${MAX_LABEL_BYTE_LENGTH} characters long, got ${value.length}`,
  );
}
