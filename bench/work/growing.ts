/**
 * Memory that grows in equal steps, each of whose pages is stored to.
 *
 * @module
 */
import { MmapOptions } from "../../mod.ts";
import { GROWTH_STEPS, touch } from "./common.ts";
import { allInC } from "./in_c.ts";
import { serve, type Work } from "./serve.ts";

/** Grows by `step` from `length` on, and returns all of it. */
type Grow = (length: number, step: number) => Uint8Array;

/** Answers for every new length, from the first step on. */
const growing =
  (start: (size: number) => { grow: Grow; end?: () => void }): Work => ({ size }) => ({
    run() {
      const { grow, end } = start(size);
      const step = size / GROWTH_STEPS;
      let pages = 0;
      for (let length = 0; length < size; length += step) {
        pages += touch(grow(length, step), length, length + step);
      }
      end?.();
      return pages;
    },
  });

const reserved = growing((size) => {
  const mmap = new MmapOptions({ len: size }).reserve();
  return {
    grow(length, step) {
      mmap.commit(length, step);
      return mmap.view(Uint8Array, 0, length + step);
    },
    end: () => mmap.unmap(),
  };
});

const within = growing((size) => {
  const mmap = new MmapOptions({ len: size / GROWTH_STEPS, capacity: size }).mapAnon();
  return {
    grow(length, step) {
      if (length > 0) mmap.resize(length + step);
      return mmap.view(Uint8Array, 0, length + step);
    },
    end: () => mmap.unmap(),
  };
});

const resized = growing((size) => {
  const mmap = new MmapOptions({ len: size / GROWTH_STEPS }).mapAnon();
  return {
    grow(length, step) {
      if (length > 0) mmap.resize(length + step);
      return mmap.bytes;
    },
    end: () => mmap.unmap(),
  };
});

const resizable = growing((maxByteLength) => {
  const buffer = new ArrayBuffer(0, { maxByteLength });
  const bytes = new Uint8Array(buffer); // it follows the length
  return {
    grow(length, step) {
      buffer.resize(length + step);
      return bytes;
    },
    end: () => buffer.resize(0),
  };
});

const copied = growing(() => {
  let bytes = new Uint8Array();
  return {
    grow(length, step) {
      const longer = new Uint8Array(length + step);
      longer.set(bytes);
      return bytes = longer;
    },
  };
});

await serve({
  ...allInC("grow-resize", "grow-reserve"),
  "sysalloc/grow-reserve": reserved,
  "sysalloc/grow-capacity": within,
  "sysalloc/grow-resize": resized,
  "resizable/grow": resizable,
  "copy/grow": copied,
});
