/**
 * What can be set of a mapping, and the checks of it.
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
 * The options to start with; each is described at the setter of {@linkcode MmapOptions} that has its name.
 * Like all options of the library they can be an object's own, or inherited, but not from
 * `Object.prototype`.
 */
export interface MmapInit {
  /** The length in bytes: {@linkcode MmapOptions.len}. Default: 0, which must be changed before mapping. */
  readonly len?: number | bigint | undefined;
  /** The address to map at: {@linkcode MmapOptions.withHint}. Default: 0, no hint. */
  readonly hint?: number | bigint | undefined;
  /** Whether to back every page with memory now: {@linkcode MmapOptions.populate}. Default: false. */
  readonly populate?: boolean | undefined;
  /** Whether to set no swap space aside: {@linkcode MmapOptions.noReserve}. Default: false. */
  readonly noReserve?: boolean | undefined;
  /** Whether the hint must be met exactly: {@linkcode MmapOptions.strict}. Default: false. */
  readonly strict?: boolean | undefined;
  /** Where in the file the mapping starts, in bytes: {@linkcode MmapOptions.offset}. Default: 0. */
  readonly offset?: number | bigint | undefined;
  /** What the start is a multiple of, in bytes: {@linkcode MmapOptions.align}. Default: 0, any page. */
  readonly align?: number | bigint | undefined;
  /** How much inaccessible memory lies around, in bytes: {@linkcode MmapOptions.guard}. Default: 0. */
  readonly guard?: number | bigint | undefined;
  /** Whether pages are huge, or how long, in bytes: {@linkcode MmapOptions.huge}. Default: false. */
  readonly huge?: boolean | number | bigint | undefined;
  /** Whether it is for a stack: {@linkcode MmapOptions.stack}. Default: false. */
  readonly stack?: boolean | undefined;
  /** What the system shows it as: {@linkcode MmapOptions.name}. Default: none. */
  readonly name?: string | undefined;
  /** Whether views survive that their file is truncated: {@linkcode MmapOptions.truncationGuard}. Default: true. */
  readonly truncationGuard?: boolean | undefined;
}

/** What an {@linkcode MmapOptions} holds. */
export interface MmapSettings {
  /** The length in bytes. */
  readonly len: number;
  /** The address to map at; `0n` for none. */
  readonly hint: bigint;
  /** Whether every page is backed with memory before mapping returns. */
  readonly populate: boolean;
  /** Whether no swap space is set aside. */
  readonly noReserve: boolean;
  /** Whether the hint must be met exactly. */
  readonly strict: boolean;
  /** Where in the file the mapping starts, in bytes. */
  readonly offset: number;
  /** What the start is a multiple of, in bytes; 0 for any page. */
  readonly align: number;
  /** How much inaccessible memory lies around, in bytes. */
  readonly guard: number;
  /** Whether pages are huge, or how long, in bytes. */
  readonly huge: boolean | number;
  /** Whether it is for a stack. */
  readonly stack: boolean;
  /** What the system shows it as. */
  readonly name: string | undefined;
  /** Whether views survive that their file is truncated, where the system can be made to. */
  readonly truncationGuard: boolean;
}

const DEFAULTS: MmapSettings = {
  len: 0,
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
};

// What the messages call the options that are not flags.
export const LEN: string = "The length (len)";
export const HINT: string = "The hint";
export const OFFSET: string = "The offset";
export const ALIGN: string = "The alignment (align)";
export const GUARD: string = "The guard";
export const HUGE: string = "The length of a huge page (huge)";

/** Changes settings. The values of `change` are checked one by one already. */
export function changed(settings: MmapSettings, change: Partial<MmapSettings>): MmapSettings {
  const next = { ...settings, ...change };
  rangeInAddressSpace(next.hint, next.len);
  return Object.freeze(next);
}

/** Checks options, and adds defaults. */
export function settingsOf(init: MmapInit): MmapSettings {
  const options = checkOptions(init, DEFAULTS);
  const { huge, name } = options;
  const settings = {
    len: byteCount(options.len, LEN),
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
  };
  rangeInAddressSpace(settings.hint, settings.len);
  return Object.freeze(settings);
}

/** The longest label that Linux takes, in bytes. */
const MAX_LABEL_BYTE_LENGTH = 79;

/** A label of memory: what Linux takes for one. */
export function label(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`The name must be a string, got ${describe(value)}`);
  }
  if (!/^[ -~]+$/.test(value) || /[\\`$[\]]/.test(value)) {
    throw new RangeError(
      "The name must be of printable ASCII characters but \\, `, $, [ and ], and not empty, " +
        `got ${describe(value)}`,
    );
  }
  if (value.length <= MAX_LABEL_BYTE_LENGTH) return value;
  throw new RangeError(
    `The name must be at most ${MAX_LABEL_BYTE_LENGTH} characters long, got ${value.length}`,
  );
}
