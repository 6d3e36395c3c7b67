/**
 * Memory that is passed to a native function by its address.
 *
 * @module
 */
import { type Mmap, MmapOptions, type Pointer } from "../../mod.ts";
import { RECORD } from "./common.ts";
import { serve, type Task, type Work } from "./serve.ts";

/** The pointers of a runtime's own FFI. */
interface Pointers {
  /** `size_t strnlen(const char *s, size_t maxlen)` */
  readonly strnlen: (pointer: Pointer, byteLength: bigint) => number | bigint;
  /** Returns the pointer of an array's first byte. */
  readonly of: (bytes: Uint8Array<ArrayBuffer>) => Pointer;
}

const C = "libc.so.6";
const { Bun, Deno } = globalThis as {
  readonly Bun?: unknown;
  readonly Deno?: typeof globalThis.Deno;
};

async function open(): Promise<Pointers> {
  if (Bun !== undefined) {
    const { dlopen, ptr } = await import("bun:ffi" as string);
    const { strnlen } =
      dlopen(C, { strnlen: { args: ["ptr", "usize"], returns: "usize" } }).symbols;
    return { strnlen, of: ptr };
  }
  if (Deno !== undefined) {
    const strnlen = { parameters: ["pointer", "usize"], result: "usize" } as const;
    const { symbols } = Deno.dlopen(C, { strnlen });
    return { strnlen: symbols.strnlen as never, of: Deno.UnsafePointer.of as never };
  }
  const { dlopen, getRawPointer } = await import("node:ffi" as string);
  const strnlen = { arguments: ["pointer", "uint64"], return: "uint64" };
  return { strnlen: dlopen(C, { strnlen }).functions.strnlen, of: getRawPointer };
}

const { strnlen, of } = await open();

/** Calls with the pointer of one record after the other. */
function calling({ size, operations }: Task, call: (at: number) => number | bigint): () => number {
  return () => {
    let sum = 0;
    for (let index = 0; index < operations; index++) sum += Number(call(index * RECORD % size));
    return sum;
  };
}

/** Calls over the records of a mapping, by a function that is made for it. */
const mapped = (prepare: (mmap: Mmap) => (at: number) => number | bigint): Work => (task) => {
  const mmap = new MmapOptions({ len: task.size }).mapAnon();
  mmap.bytes.fill(1);
  return { run: calling(task, prepare(mmap)), end: () => mmap.unmap() };
};

const LENGTH = BigInt(RECORD);

await serve({
  "sysalloc/pointer": mapped((mmap) => (at) => strnlen(mmap.pointerAt(at), LENGTH)),
  "sysalloc/pin": mapped((mmap) => (at) => {
    using _pin = mmap.pin();
    return strnlen(mmap.pointerAt(at), LENGTH);
  }),
  "once/pointer": mapped(({ pointer }) => () => strnlen(pointer, LENGTH)),
  "own/pointer": (task) => {
    const bytes = new Uint8Array(task.size).fill(1);
    return { run: calling(task, (at) => strnlen(of(bytes.subarray(at)), LENGTH)) };
  },
});
