/**
 * A ring buffer without a seam. Its memory is mapped twice in a row, so a record
 * across the end of the ring is one view, and nothing is copied.
 *
 * `deno run --allow-ffi examples/ring.ts`, `bun examples/ring.ts` or
 * `node examples/ring.ts`.
 *
 * @module
 */
import { allocationGranularity, type Mmap, MmapOptions } from "../mod.ts";

// #region ring
/** A first-in, first-out queue of bytes. */
class Ring implements Disposable {
  readonly #mmap: Mmap;
  readonly capacity: number;
  /** Offset of the next byte to read, below the capacity. */
  #start = 0;
  #length = 0;

  /** Makes a ring for at least a number of bytes. */
  constructor(minimum: number) {
    const granularity = allocationGranularity();
    this.capacity = Math.ceil(minimum / granularity) * granularity;
    this.#mmap = new MmapOptions({ len: this.capacity }).mapMirrored();
  }

  /** Number of bytes to read. */
  get length(): number {
    return this.#length;
  }

  /** The free bytes, to be written in place: one view, even across the end. */
  get room(): Uint8Array<ArrayBuffer> {
    const end = (this.#start + this.#length) % this.capacity;
    return this.#mmap.view(Uint8Array, end, this.capacity - this.#length);
  }

  /** The bytes to read: one view, even across the end. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#mmap.view(Uint8Array, this.#start, this.#length);
  }

  /** Appends the first bytes of `room` to the data. */
  commit(count: number): void {
    if (!(count >= 0 && count <= this.capacity - this.#length)) {
      throw new RangeError("Not enough room");
    }
    this.#length += count;
  }

  /** Removes the first bytes of `data`. */
  consume(count: number): void {
    if (!(count >= 0 && count <= this.#length)) throw new RangeError("Not enough data");
    this.#start = (this.#start + count) % this.capacity;
    this.#length -= count;
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}
// #endregion ring

// Each record is a length and a text. A record across the end needs no special case.
const encoder = new TextEncoder();
const decoder = new TextDecoder();
using ring = new Ring(65_536);
const COUNT = 20_000;
let acrossEnd = 0;
let position = 0;
for (let sent = 0, received = 0; received < COUNT;) {
  // Write until the ring is full …
  for (; sent < COUNT; sent++) {
    const text = `record ${sent}`;
    const { room } = ring;
    if (room.length < 2 + text.length) break;
    room[0] = text.length;
    encoder.encodeInto(text, room.subarray(1));
    ring.commit(1 + text.length);
  }
  // … and read until it is empty.
  for (; ring.length > 0; received++) {
    const { data } = ring;
    const length = data[0]!;
    const text = decoder.decode(data.subarray(1, 1 + length));
    if (text !== `record ${received}`) throw new Error(`Got ${text} for record ${received}`);
    if (position + 1 + length > ring.capacity) {
      if (acrossEnd++ === 0) console.log(`"${text}" lay across the end and was one view`);
    }
    position = (position + 1 + length) % ring.capacity;
    ring.consume(1 + length);
  }
}
if (acrossEnd === 0) throw new Error("No record lay across the end");
console.log(
  `${COUNT} records went through a ring of ${ring.capacity} bytes, ${acrossEnd} across its end`,
);
