/**
 * An array that grows to gigabytes, and never moves: addresses for all of it
 * are reserved at the start, and get memory a step at a time. Nothing is ever
 * copied, and views of what is there already stay valid.
 *
 * `deno run --allow-ffi examples/growable.ts`, `bun examples/growable.ts` or
 * `node examples/growable.ts [COUNT]`.
 *
 * @module
 */
import { type Mmap, MmapOptions } from "../mod.ts";

const ELEMENT = Float64Array.BYTES_PER_ELEMENT;
/** How much memory is added at a time: 16 MiB, which any page size divides. */
const STEP_BYTE_LENGTH = 2 ** 24;
const STEP_LENGTH = STEP_BYTE_LENGTH / ELEMENT;

/** Numbers, of which there can be as many as addresses were reserved for. */
class GrowableFloat64 implements Disposable {
  readonly #mmap: Mmap;
  /** A view of each step: short ones are fast in every runtime, and have no limit together. */
  readonly #steps: Float64Array[] = [];
  #length = 0;

  /** Reserves addresses; they cost no memory. */
  constructor(maxByteLength: number = 2 ** 36) {
    this.#mmap = new MmapOptions({ len: maxByteLength }).reserve();
  }

  get length(): number {
    return this.#length;
  }

  /** Where the numbers are; it never changes. */
  get address(): bigint {
    return this.#mmap.address;
  }

  push(value: number): void {
    const step = Math.floor(this.#length / STEP_LENGTH);
    if (step === this.#steps.length) this.#grow();
    this.#steps[step]![this.#length % STEP_LENGTH] = value;
    this.#length++;
  }

  at(index: number): number | undefined {
    if (index >= this.#length) return undefined;
    return this.#steps[Math.floor(index / STEP_LENGTH)]?.[index % STEP_LENGTH];
  }

  /** Numbers that follow each other, across steps too, without a copy. */
  view(start: number, end: number): Float64Array {
    if (end > this.#length) throw new RangeError(`There are only ${this.#length} numbers`);
    return this.#mmap.view(Float64Array, start * ELEMENT, end - start);
  }

  #grow(): void {
    const start = this.#steps.length * STEP_BYTE_LENGTH;
    this.#mmap.commit(start, STEP_BYTE_LENGTH);
    this.#steps.push(this.#mmap.view(Float64Array, start, STEP_LENGTH));
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}

const count = Number(process.argv[2] ?? 5_000_000);
using numbers = new GrowableFloat64();
const { address } = numbers;
numbers.push(0);
const first = numbers.view(0, 1);
for (let index = 1; index < count; index++) numbers.push(index);

// The view from the beginning is still one of the same memory.
first[0] = 42;
if (numbers.at(0) !== 42 || numbers.address !== address) throw new Error("It moved");
numbers.view(0, 1)[0] = 0;
for (let index = 0; index < count; index += 997) {
  if (numbers.at(index) !== index) throw new Error(`Number ${index} is ${numbers.at(index)}`);
}
console.log(
  `${numbers.length} numbers, ${Math.ceil(count * ELEMENT / STEP_BYTE_LENGTH)} steps, ` +
    `always at 0x${numbers.address.toString(16)}`,
);

// Across the end of the first step, in one piece.
if (count > STEP_LENGTH + 2) {
  const across = numbers.view(STEP_LENGTH - 2, STEP_LENGTH + 2);
  if (across[3] !== STEP_LENGTH + 1) throw new Error("The steps do not follow each other");
  console.log("across the first two steps:", ...across);
}
