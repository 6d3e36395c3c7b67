/**
 * {@linkcode MmapOptions}: what to map, and the calls that map it.
 *
 * @module
 */
import { host } from "../ffi/host.ts";
import type { MapRequest } from "../ffi/os/os.ts";
import { hex } from "./errors.ts";
import { printAs } from "./inspect.ts";
import { adopt, type Mmap } from "./mmap.ts";
import { checkStrictHint, mapWithRoom } from "./placement.ts";
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
}

const DEFAULTS: MmapSettings = {
  len: 0,
  hint: 0n,
  populate: false,
  noReserve: false,
  strict: false,
};

// What the messages call the options that are not flags.
const LEN = "The length (len)";
const HINT = "The hint";

/**
 * What to map. Immutable: each setter returns a new `MmapOptions`, so that one
 * can serve as a template for many.
 *
 * @example Two styles, one class
 * ```ts
 * import { MmapOptions } from "@sysalloc/sysalloc";
 *
 * using a = new MmapOptions().len(1 << 20).populate().mapAnon();
 * using b = new MmapOptions({ len: 1 << 20, populate: true }).mapAnon();
 * console.log(a.byteLength === b.byteLength); // true
 * ```
 */
export class MmapOptions {
  /** What is set, frozen. */
  readonly settings: MmapSettings;
  readonly #request: MapRequest;

  static {
    printAs(this.prototype as MmapOptions, (options) => {
      if (!(#request in options)) return "MmapOptions {}";
      const { settings } = options;
      const entries = Object.entries({ ...settings, hint: hex(settings.hint) });
      return `MmapOptions { ${entries.map(([name, value]) => `${name}: ${value}`).join(", ")} }`;
    });
  }

  /**
   * Makes options.
   *
   * @param init The options that differ from the defaults.
   * @throws {TypeError} If an option is unknown or of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(init: MmapInit = {}) {
    const {
      len = DEFAULTS.len,
      hint = DEFAULTS.hint,
      populate = DEFAULTS.populate,
      noReserve = DEFAULTS.noReserve,
      strict = DEFAULTS.strict,
    } = checkedInit(init);
    this.settings = Object.freeze({
      len: byteCount(len, LEN),
      hint: memoryAddress(hint, HINT),
      populate: flag(populate, "populate"),
      noReserve: flag(noReserve, "noReserve"),
      strict: flag(strict, "strict"),
    });
    const { settings } = this;
    rangeInAddressSpace(settings.hint, settings.len);
    this.#request = {
      hint: settings.hint,
      byteLength: BigInt(settings.len),
      populate: settings.populate,
      noReserve: settings.noReserve,
      strict: settings.strict && settings.hint !== 0n,
      protection: "read-write",
    };
    Object.freeze(this);
  }

  /**
   * Sets the length.
   *
   * The system maps whole pages; `byteLength` and the views of the mapping
   * are as long as asked for here.
   *
   * @param bytes The length in bytes, of any alignment; above 0 when mapped.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1, or reaches from
   * the hint past the end of the address space.
   */
  len(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { len: byteCount(bytes, LEN) });
  }

  /**
   * Sets the address to map at.
   *
   * It is a wish, unless {@linkcode MmapOptions.strict} is set: where the
   * place is taken, the system chooses another one. Linux and macOS round a
   * wish to pages, Windows down to 64 KiB.
   *
   * @param address The address in bytes; 0 for no hint. Above 2^53 - 1 it must be a bigint.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^64 - 1, or the length
   * reaches from it past the end of the address space.
   */
  withHint(address: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { hint: memoryAddress(address, HINT) });
  }

  /**
   * Sets whether every page is backed with memory before mapping returns, so
   * that later access does not fault.
   *
   * Linux does it in `mmap`
   * ([`MAP_POPULATE`](https://man7.org/linux/man-pages/man2/mmap.2.html));
   * on macOS and Windows one byte is stored in each page.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  populate(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { populate: flag(on, "populate") });
  }

  /**
   * Sets whether the system sets no swap space aside for the mapping, so that
   * it can be longer than memory and swap; a store then can find no memory,
   * and the system kill a process.
   *
   * Linux and macOS:
   * [`MAP_NORESERVE`](https://man7.org/linux/man-pages/man2/mmap.2.html).
   * Windows: no effect, `VirtualAlloc` commits all that it maps.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  noReserve(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { noReserve: flag(on, "noReserve") });
  }

  /**
   * Sets whether the hint must be met exactly: the mapping starts there, or
   * mapping throws. Nothing that is mapped already is ever overwritten.
   * Without a hint it has no effect.
   *
   * Linux:
   * [`MAP_FIXED_NOREPLACE`](https://man7.org/linux/man-pages/man2/mmap.2.html).
   * On every system the address is compared too.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  strict(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { strict: flag(on, "strict") });
  }

  /**
   * Maps anonymous memory: zeroed, private to this process, readable and
   * writable.
   *
   * Calls [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux
   * and macOS,
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping.
   * @throws {RangeError} If the length is 0, or a strict hint is not a multiple of
   * {@linkcode allocationGranularity}.
   * @throws {MmapError} `EADDRNOTAVAIL` if a strict hint cannot be satisfied;
   * another code if the system refused. Nothing stays mapped.
   * @throws {Error} If the runtime gives no permission to use its FFI (in Deno
   * `NotCapable`: allow it with `--allow-ffi`), has none, or the system is
   * not supported.
   *
   * @example A strict hint
   * ```ts
   * import { MmapError, MmapOptions } from "@sysalloc/sysalloc";
   *
   * using first = new MmapOptions({ len: 65536 }).mapAnon();
   * try {
   *   new MmapOptions({ len: 65536 }).withHint(first.address).strict().mapAnon();
   * } catch (error) {
   *   console.log((error as MmapError).code); // EADDRNOTAVAIL
   * }
   * ```
   */
  mapAnon(): Mmap {
    return MmapOptions.#received(this).#map("read-write");
  }

  /**
   * Takes addresses without memory: nothing may be done with them until
   * {@linkcode Mmap.commit}. So the length can be far beyond what memory there is.
   *
   * Calls [`mmap(PROT_NONE)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and
   * macOS,
   * [`VirtualAlloc(MEM_RESERVE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping, whose `access` is `"none"`.
   * @throws {RangeError} As {@linkcode MmapOptions.mapAnon} does, and if `populate` is set:
   * there is nothing to populate.
   * @throws {MmapError} As `mapAnon()` does.
   * @throws {Error} As `mapAnon()` does.
   *
   * @example A table of a tebibyte, of which a page costs memory
   * ```ts
   * import { MmapOptions, pageSize } from "@sysalloc/sysalloc";
   *
   * using table = new MmapOptions({ len: 2 ** 40 }).reserve();
   * const offset = 2 ** 39;
   * table.commit(offset, pageSize());
   * table.view(Uint8Array, offset, pageSize())[0] = 1;
   * ```
   */
  reserve(): Mmap {
    const options = MmapOptions.#received(this);
    if (options.settings.populate) {
      throw new RangeError("reserve() has no memory to populate: drop populate()");
    }
    return options.#map("none");
  }

  #map(protection: MapRequest["protection"]): Mmap {
    const request = protection === "none" ? { ...this.#request, protection } : this.#request;
    const { len } = this.settings;
    if (len === 0) throw new RangeError("The length must be greater than 0");
    const opened = host();
    if (request.strict) checkStrictHint(request.hint, opened.os.allocationGranularity);
    return adopt(() => mapWithRoom(opened, request), len, request.byteLength, protection);
  }

  static #with(options: MmapOptions, change: MmapInit): MmapOptions {
    return new MmapOptions({ ...MmapOptions.#received(options).settings, ...change });
  }

  static #received(options: MmapOptions): MmapOptions {
    if (
      typeof options === "object" && options !== null && #request in options
    ) return options;
    throw new TypeError(
      `The receiver must be an MmapOptions, got ${describe(options)}`,
    );
  }
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
