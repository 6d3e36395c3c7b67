/**
 * What can be set of a mapping, and the checks of it.
 *
 * @module
 */
import { byteCount, describe, flag, memoryAddress, rangeInAddressSpace } from "./validate.ts";

/** The options to start with; each is described at the setter of {@linkcode MmapOptions} that has its name. */
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
  truncationGuard: true,
};

// What the messages call the options that are not flags.
export const LEN: string = "The length (len)";
export const HINT: string = "The hint";
export const OFFSET: string = "The offset";

/** Checks options, and adds the defaults of those that are not there. */
export function settingsOf(init: MmapInit): MmapSettings {
  const {
    len = DEFAULTS.len,
    hint = DEFAULTS.hint,
    populate = DEFAULTS.populate,
    noReserve = DEFAULTS.noReserve,
    strict = DEFAULTS.strict,
    offset = DEFAULTS.offset,
    truncationGuard = DEFAULTS.truncationGuard,
  } = checkedInit(init);
  const settings = {
    len: byteCount(len, LEN),
    hint: memoryAddress(hint, HINT),
    populate: flag(populate, "populate"),
    noReserve: flag(noReserve, "noReserve"),
    strict: flag(strict, "strict"),
    offset: byteCount(offset, OFFSET),
    truncationGuard: flag(truncationGuard, "truncationGuard"),
  };
  rangeInAddressSpace(settings.hint, settings.len);
  return Object.freeze(settings);
}

function checkedInit(init: MmapInit): MmapInit {
  if (typeof init !== "object" || init === null) {
    throw new TypeError(`The options must be an object, got ${describe(init)}`);
  }
  for (const name of Object.keys(init)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new TypeError(
        `The option ${JSON.stringify(name)} is unknown: the options are ${
          Object.keys(DEFAULTS).join(", ")
        }`,
      );
    }
  }
  return init;
}
