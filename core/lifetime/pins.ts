/**
 * Pins: memory that native code uses by its address stays where it is.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import type { Allocation } from "./allocation.ts";

/**
 * Keeps a mapping where it is, until it is disposed. {@linkcode Mmap.pin} makes it.
 */
export interface MmapPin extends Disposable {
  /** Ends the pin. Does nothing if it has ended. */
  [Symbol.dispose](): void;
}

/** A mapping, as far as a pin needs it. */
interface Pinnable {
  readonly allocation: Allocation;
}

/**
 * The pins, with their mappings. Held strongly: the collector does not see an address that native
 * code has.
 */
const pinned: Map<MmapPin, Pinnable> = new Map();

/** Pins a mapping. */
export function pin(mapping: Pinnable): MmapPin {
  const { allocation } = mapping;
  if (allocation.engine?.isShared === false) {
    throw new MmapError(
      "Memory of a WebAssembly.Memory that is not shared cannot be pinned, because the engine moves " +
        "it when it grows: make it with shared: true",
      { code: "ENOTSUP" },
    );
  }
  const made: MmapPin = Object.freeze({
    [Symbol.dispose]() {
      if (pinned.delete(made)) allocation.pins--;
    },
  });
  pinned.set(made, mapping);
  allocation.pins++;
  return made;
}

/** Refuses to change or end memory that is pinned. */
export function refusePins({ pins }: Allocation, done: string): void {
  if (pins === 0) return;
  throw new MmapError(
    `This memory cannot be ${done} while it is pinned for native code: dispose ` +
      (pins === 1 ? "the pin of pin() first" : `the ${pins} pins of pin() first`),
    { code: "EBUSY" },
  );
}
