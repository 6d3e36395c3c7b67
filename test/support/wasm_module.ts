/**
 * WebAssembly memories, and a module that works on one.
 *
 * @module
 */
import { platform, runtime } from "./harness.ts";

/** The length of a page of WebAssembly in bytes. */
export const WASM_PAGE = 65_536;

/** A reason to skip what maps into memory of the engine. */
export const withoutEngineMemory: string | undefined = platform === "win32"
  ? "Windows cannot map over memory of the engine"
  : undefined;

/** The kinds of memory that files can be mapped into: Bun moves those that are not shared. */
export const MEMORY_KINDS: readonly ("plain" | "shared")[] = runtime === "bun"
  ? ["shared"]
  : ["plain", "shared"];

/** Makes a memory of WebAssembly pages. */
export function makeMemory(
  kind: "plain" | "shared" = MEMORY_KINDS[0]!,
  initial: number = 4,
  maximum: number = 64,
): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial, maximum, shared: kind === "shared" });
}

/** The functions of the module. */
export interface ByteModule<T = number> {
  /** Loads the byte at an address. */
  load(address: T): number;
  /** Stores a byte. */
  store(address: T, byte: number): void;
  /** Adds up bytes. */
  sum(address: T, byteLength: T): number;
  /** Grows the memory by pages. */
  grow(pages: T): T;
}

const I32 = 0x7f;
const I64 = 0x7e;
const NAMES = ["load", "store", "sum", "grow"] as const;

/** The module over a memory with 32-bit addresses. */
export function moduleOver(memory: WebAssembly.Memory): ByteModule {
  const isShared = Object.prototype.toString.call(memory.buffer) === "[object SharedArrayBuffer]";
  return instantiate(memory, I32, isShared ? [3, 0, 0x80, 0x80, 4] : [0, 0]) as ByteModule;
}

/** The module over a memory with 64-bit addresses. */
export function module64Over(memory: WebAssembly.Memory): ByteModule<bigint> {
  return instantiate(memory, I64, [4, 0]) as ByteModule<bigint>;
}

function instantiate(memory: WebAssembly.Memory, address: number, limits: number[]): unknown {
  const module = new WebAssembly.Module(moduleBytes(address, limits));
  return new WebAssembly.Instance(module, { host: { memory } }).exports;
}

/** The sections are in the order of the specification: types, import, functions, exports, code. */
function moduleBytes(address: number, limits: number[]): Uint8Array<ArrayBuffer> {
  const [constant, add, subtract, isZero] = address === I32
    ? [0x41, 0x6a, 0x6b, 0x45]
    : [0x42, 0x7c, 0x7d, 0x50];
  const LOAD = [0x2d, 0, 0];
  const bodies = [
    [0, 0x20, 0, ...LOAD, 0x0b],
    [0, 0x20, 0, 0x20, 1, 0x3a, 0, 0, 0x0b],
    [
      ...[1, 1, I32, 0x02, 0x40, 0x03, 0x40], // one local; block, loop
      ...[0x20, 1, isZero, 0x0d, 1], // leave when nothing is left
      ...[0x20, 2, 0x20, 0, ...LOAD, 0x6a, 0x21, 2], // sum += load(address)
      ...[0x20, 0, constant, 1, add, 0x21, 0], // address++
      ...[0x20, 1, constant, 1, subtract, 0x21, 1, 0x0c, 0], // byteLength--, again
      ...[0x0b, 0x0b, 0x20, 2, 0x0b],
    ],
    [0, 0x20, 0, 0x40, 0, 0x0b],
  ];
  const types = [
    [0x60, 1, address, 1, I32],
    [0x60, 2, address, I32, 0],
    [0x60, 2, address, address, 1, I32],
    [0x60, 1, address, 1, address],
  ];
  const exported = NAMES.map((name, index) => [...text(name), 0, index]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, [1, ...text("host"), ...text("memory"), 2, ...limits]),
    ...section(3, list(NAMES.map((_, index) => [index]))),
    ...section(7, list(exported)),
    ...section(10, list(bodies.map((body) => [body.length, ...body]))),
  ] as number[]);
}

function list(items: (number | undefined)[][]): (number | undefined)[] {
  return [items.length, ...items.flat()];
}

/** All sections are shorter than 16 KiB. */
function section(id: number, bytes: (number | undefined)[]): (number | undefined)[] {
  return [id, bytes.length % 128 | 128, bytes.length >> 7, ...bytes];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}
