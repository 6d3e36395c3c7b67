/**
 * A reader of .safetensors files without copies: it maps the file, and each tensor
 * is a typed array over the mapping. The system reads pages on first use, so opening a
 * file of many gigabytes takes no time.
 *
 * `deno run -A examples/safetensors.ts`, `bun examples/safetensors.ts` or
 * `node examples/safetensors.ts`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mmap, MmapOptions, type ViewConstructor } from "../mod.ts";
import { inTempFolder } from "./temp_folder.ts";

type TensorArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** The typed array for each element type. */
const TYPES: Readonly<
  Record<string, ViewConstructor<TensorArray> & { readonly BYTES_PER_ELEMENT: number }>
> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array, // the bits: some runtimes lack Float16Array
  BF16: Uint16Array, // the bits
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** A tensor in the header. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [start: number, end: number];
}

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: TensorArray;
  /** True if the data is a copy, because it is not aligned in the file. */
  readonly isCopied: boolean;
}

/** A file of tensors. */
class Safetensors implements Disposable {
  readonly #mmap: Mmap;
  readonly #entries: Readonly<Record<string, Entry>>;
  readonly #dataStart: number;

  // #region read
  constructor(path: string) {
    this.#mmap = new MmapOptions().map(path);
    try {
      // The length of the header (8 bytes, little-endian), the header as JSON, the data.
      const headerLength = Number(this.#mmap.view(DataView, 0, 8).getBigUint64(0, true));
      const header = this.#mmap.view(Uint8Array, 8, headerLength);
      const { __metadata__: _, ...entries } = JSON.parse(new TextDecoder().decode(header));
      this.#entries = entries;
      this.#dataStart = 8 + headerLength;
    } catch (error) {
      this.#mmap.unmap();
      throw error;
    }
  }

  get names(): string[] {
    return Object.keys(this.#entries);
  }

  /** Returns a tensor. view() throws if the header refers to bytes outside of the file. */
  tensor(name: string): Tensor {
    const entry = this.#entries[name];
    if (entry === undefined) throw new Error(`There is no tensor ${name}`);
    const { dtype, shape, data_offsets: [start, end] } = entry;
    const Type = TYPES[dtype];
    if (Type === undefined) throw new Error(`${name} has the unknown type ${dtype}`);
    const size = Type.BYTES_PER_ELEMENT;
    const length = shape.reduce((product, side) => product * side, 1);
    if (end - start !== length * size) {
      throw new Error(`The length of ${name} does not match its shape`);
    }
    const offset = this.#dataStart + start;
    // A typed array must start at a multiple of its element size. Most writers pad the
    // header with spaces for that; otherwise the tensor must be copied.
    const isCopied = offset % size !== 0;
    if (!isCopied) {
      return { dtype, shape, data: this.#mmap.view(Type, offset, length), isCopied };
    }
    const bytes = this.#mmap.view(Uint8Array, offset, end - start).slice();
    const data = new (Type as unknown as new (buffer: ArrayBuffer) => TensorArray)(bytes.buffer);
    return { dtype, shape, data, isCopied };
  }
  // #endregion read

  /** Unmaps the file. Tensors that are not copies get length 0. */
  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}

/** Converts the bits of BF16 numbers, the upper halves of those of 32-bit numbers. */
function floatsOf(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}

/** Returns a file whose header is `excess` bytes longer than a multiple of 8. */
function fileOf(
  tensors: Readonly<Record<string, [string, number[], TensorArray]>>,
  excess: number,
): Uint8Array {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (
    const [name, [dtype, shape, { buffer, byteOffset, byteLength }]] of Object.entries(tensors)
  ) {
    parts.push(new Uint8Array(buffer, byteOffset, byteLength));
    header[name] = { dtype, shape, data_offsets: [end, end += byteLength] };
  }
  const json = JSON.stringify(header);
  const length = Math.ceil(json.length / 8) * 8 + excess;
  const text = new TextEncoder().encode(json.padEnd(length));
  const file = new Uint8Array(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  let offset = 8;
  for (const part of [text, ...parts]) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

await inTempFolder((folder) => {
  const tensors: Record<string, [string, number[], TensorArray]> = {
    "layer.weight": ["F32", [2, 3], new Float32Array([1, 2, 3, 4, 5, 6.5])],
    "layer.bias": ["F64", [3], new Float64Array([0.1, 0.2, 0.3])],
    "tokens": ["I64", [2], new BigInt64Array([-1n, 2n ** 40n])],
    "embedding": ["BF16", [2, 2], new Uint16Array([0x3f80, 0xc000, 0x3e80, 0xff80])],
    "mask": ["BOOL", [5], new Uint8Array([1, 0, 1, 1, 0])],
  };
  for (const [title, excess] of [["aligned", 0], ["not aligned", 1]] as const) {
    const path = join(folder, `${title}.safetensors`);
    writeFileSync(path, fileOf(tensors, excess));
    using file = new Safetensors(path);
    console.log(`${title}:`);
    for (const name of file.names) {
      const { dtype, shape, data, isCopied } = file.tensor(name);
      const [, , expected] = tensors[name]!;
      if (String(data) !== String(expected)) throw new Error(`${name} is ${data}`);
      if (isCopied && excess === 0) throw new Error(`${name} was copied`);
      const how = isCopied ? "copied" : "in place";
      const shown = dtype === "BF16" ? floatsOf(data as Uint16Array) : data;
      console.log(`  ${name.padEnd(12)} ${dtype.padEnd(4)} [${shape}] ${how}: ${shown}`);
    }
  }
});
