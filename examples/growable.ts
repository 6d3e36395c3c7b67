/**
 * An array that grows to gigabytes and never moves. It sets all of its addresses
 * aside at the start, and takes memory for a chunk when it needs one. It never
 * copies, and existing views stay valid.
 *
 * `deno run --allow-ffi examples/growable.ts`, `bun examples/growable.ts` or
 * `node examples/growable.ts [COUNT]`.
 *
 * @module
 */
import { type Mmap, MmapOptions } from "../mod.ts";

const ELEMENT = Float64Array.BYTES_PER_ELEMENT;
/** Chunks of 16 MiB, a multiple of every page size. */
const CHUNK_BYTE_LENGTH = 2 ** 24;
const CHUNK_LENGTH = CHUNK_BYTE_LENGTH / ELEMENT;

// #region array
/** Numbers that grow within a capacity. */
class GrowableFloat64 implements Disposable {
  readonly #mmap: Mmap;
  /** One view per chunk: short views are fast everywhere, and one long view has a maximum length. */
  readonly #chunks: Float64Array[];
  #length = 0;

  /** Addresses take no memory. */
  constructor(maxByteLength: number = 2 ** 36) {
    this.#mmap = new MmapOptions({ len: CHUNK_BYTE_LENGTH, capacity: maxByteLength }).mapAnon();
    this.#chunks = [this.#chunkAt(0)];
  }

  get length(): number {
    return this.#length;
  }

  /** The address of the first number, which never changes. */
  get address(): bigint {
    return this.#mmap.address;
  }

  push(value: number): void {
    const chunk = Math.floor(this.#length / CHUNK_LENGTH);
    if (chunk === this.#chunks.length) this.#grow();
    this.#chunks[chunk]![this.#length % CHUNK_LENGTH] = value;
    this.#length++;
  }

  at(index: number): number | undefined {
    if (index >= this.#length) return undefined;
    return this.#chunks[Math.floor(index / CHUNK_LENGTH)]?.[index % CHUNK_LENGTH];
  }

  /** A view of consecutive numbers, without a copy, even across chunks. */
  view(start: number, end: number): Float64Array {
    if (end > this.#length) throw new RangeError(`There are only ${this.#length} numbers`);
    return this.#mmap.view(Float64Array, start * ELEMENT, end - start);
  }

  #grow(): void {
    const start = this.#mmap.byteLength;
    this.#mmap.resize(start + CHUNK_BYTE_LENGTH);
    this.#chunks.push(this.#chunkAt(start));
  }

  #chunkAt(start: number): Float64Array {
    return this.#mmap.view(Float64Array, start, CHUNK_LENGTH);
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}
// #endregion array

const count = Number(process.argv[2] ?? 5_000_000);
using numbers = new GrowableFloat64();
const { address } = numbers;
numbers.push(0);
const first = numbers.view(0, 1);
for (let index = 1; index < count; index++) numbers.push(index);

// The first view still shows the same memory.
first[0] = 42;
if (numbers.at(0) !== 42 || numbers.address !== address) throw new Error("The array moved");
numbers.view(0, 1)[0] = 0;
for (let index = 0; index < count; index += 997) {
  if (numbers.at(index) !== index) throw new Error(`Number ${index} is ${numbers.at(index)}`);
}
console.log(
  `${numbers.length} numbers, ${Math.ceil(count * ELEMENT / CHUNK_BYTE_LENGTH)} chunks, ` +
    `always at 0x${numbers.address.toString(16)}`,
);

// One view across the end of the first chunk.
if (count > CHUNK_LENGTH + 2) {
  const across = numbers.view(CHUNK_LENGTH - 2, CHUNK_LENGTH + 2);
  if (across[3] !== CHUNK_LENGTH + 1) throw new Error("The chunks are not adjacent");
  console.log("across the first two chunks:", ...across);
}
