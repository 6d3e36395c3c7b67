/**
 * A ring buffer without a seam: its memory is mapped twice in a row, so that
 * what lies across the end of the ring is one view, and nothing is copied.
 *
 * `deno run --allow-ffi examples/ring.ts`, `bun examples/ring.ts` or
 * `node examples/ring.ts`.
 *
 * @module
 */
import { allocationGranularity, type Mmap, MmapOptions } from "../mod.ts";

/** Bytes, first in, first out. */
class Ring implements Disposable {
  readonly #mmap: Mmap;
  readonly capacity: number;
  /** Where the next byte is read, below the capacity. */
  #start = 0;
  #length = 0;

  /** Makes a ring for at least so many bytes. */
  constructor(minimum: number) {
    const granularity = allocationGranularity();
    this.capacity = Math.ceil(minimum / granularity) * granularity;
    this.#mmap = new MmapOptions({ len: this.capacity }).mapMirrored();
  }

  /** How many bytes wait to be read. */
  get length(): number {
    return this.#length;
  }

  /** The room for what comes next, to be written in place: one piece, wherever the end is. */
  get room(): Uint8Array<ArrayBuffer> {
    const end = (this.#start + this.#length) % this.capacity;
    return this.#mmap.view(Uint8Array, end, this.capacity - this.#length);
  }

  /** What waits to be read: one piece, wherever the end is. */
  get waiting(): Uint8Array<ArrayBuffer> {
    return this.#mmap.view(Uint8Array, this.#start, this.#length);
  }

  /** Tells that so many bytes were written to the start of `room`. */
  written(count: number): void {
    if (!(count >= 0 && count <= this.capacity - this.#length)) throw new RangeError("No room");
    this.#length += count;
  }

  /** Tells that so many bytes of `waiting` were read. */
  read(count: number): void {
    if (!(count >= 0 && count <= this.#length)) throw new RangeError("Not so many wait");
    this.#start = (this.#start + count) % this.capacity;
    this.#length -= count;
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}

// Records of a length and a text: one that lies across the end needs no special case.
const encoder = new TextEncoder();
const decoder = new TextDecoder();
using ring = new Ring(65_536);
const COUNT = 20_000;
let across = 0;
let position = 0;
for (let sent = 0, received = 0; received < COUNT;) {
  // Write until the ring is full …
  for (; sent < COUNT; sent++) {
    const text = `record ${sent}`;
    const { room } = ring;
    if (room.length < 2 + text.length) break;
    room[0] = text.length;
    encoder.encodeInto(text, room.subarray(1));
    ring.written(1 + text.length);
  }
  // … and read until it is empty.
  for (; ring.length > 0; received++) {
    const { waiting } = ring;
    const length = waiting[0]!;
    const text = decoder.decode(waiting.subarray(1, 1 + length));
    if (text !== `record ${received}`) throw new Error(`Got ${text} for record ${received}`);
    if (position + 1 + length > ring.capacity) {
      if (across++ === 0) console.log(`"${text}" lay across the end, and was read as one view`);
    }
    position = (position + 1 + length) % ring.capacity;
    ring.read(1 + length);
  }
}
if (across === 0) throw new Error("No record lay across the end");
console.log(
  `${COUNT} records went through a ring of ${ring.capacity} bytes, ${across} of them across its end`,
);
