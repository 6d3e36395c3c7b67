/**
 * Compiles a polynomial to machine code in mapped memory, and calls it through the FFI of the
 * runtime. Memory is never writable and executable at the same time.
 *
 * `deno run -A examples/machine_code.ts`, `bun examples/machine_code.ts` or
 * `node examples/machine_code.ts`. For x86-64 and arm64. macOS executes only code that is signed or
 * in memory of MAP_JIT, so there it prints the refusal.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { createRequire } from "node:module";
import process from "node:process";
import { type Mmap, MmapError, MmapOptions } from "../mod.ts";

/** `int function(int64_t *result, const int64_t *x)` */
type Native = (result: BigInt64Array, x: BigInt64Array) => void;

const bytesOf = (instructions: readonly number[]) =>
  new Uint8Array(new Uint32Array(instructions).buffer);

/** The code for coefficients from 0 to 4095, the highest power first: ((a * x) + b) * x + c … */
const COMPILERS: Readonly<
  Record<string, (coefficients: readonly number[]) => Uint8Array<ArrayBuffer>>
> = {
  x64([first, ...rest]) {
    const wide = (value: number) => new Uint8Array(new Int32Array([value]).buffer);
    const isWindows = process.platform === "win32"; // passes arguments in other registers
    return new Uint8Array([
      ...isWindows ? [0x4c, 0x8b, 0x02] : [0x4c, 0x8b, 0x06], // mov r8, [rdx] or [rsi]
      ...[0x48, 0xc7, 0xc0, ...wide(first!)], // mov rax, first
      ...rest.flatMap((value) => [
        ...[0x49, 0x0f, 0xaf, 0xc0], // imul rax, r8
        ...[0x48, 0x05, ...wide(value)], // add rax, value
      ]),
      ...isWindows ? [0x48, 0x89, 0x01] : [0x48, 0x89, 0x07], // mov [rcx] or [rdi], rax
      ...[0x31, 0xc0, 0xc3], // xor eax, eax; ret
    ]);
  },
  arm64: ([first, ...rest]) =>
    bytesOf([
      0xf9400021, // ldr x1, [x1]
      0xd2800002 | first! << 5, // mov x2, first
      ...rest.flatMap((value) => [
        0x9b017c42, // mul x2, x2, x1
        0x91000042 | value << 10, // add x2, x2, value
      ]),
      0xf9000002, // str x2, [x0]
      0x2a1f03e0, // mov w0, wzr
      0xd65f03c0, // ret
    ]),
};

const builtin = process.getBuiltinModule as (name: string) => unknown;

interface Runtimes {
  readonly Deno?: {
    readonly UnsafeFnPointer: new (pointer: unknown, signature: unknown) => { call: Native };
  };
  readonly Bun?: object;
}

/** Makes a function of the code at the start of a mapping, which must be mapped when it is called. */
function functionAt({ pointer, address }: Mmap): Native {
  const { Deno, Bun } = globalThis as Runtimes;
  if (Deno) {
    const signature = { parameters: ["buffer", "buffer"], result: "i32" };
    const native = new Deno.UnsafeFnPointer(pointer, signature);
    return (result, x) => native.call(result, x);
  }
  if (Bun) {
    const { CFunction } = builtin("bun:ffi") as { CFunction(definition: object): Native };
    return CFunction({ ptr: pointer, args: ["ptr", "ptr"], returns: "i32" });
  }
  const ffi = builtin("node:ffi") as NodeFfi | undefined;
  return ffi ? byNodeFfi(ffi, address) : byKoffi(address);
}

interface NodeFfi {
  dlopen(path: string | null, definitions: object): {
    readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  };
}

/** node:ffi calls functions of libraries only. `bsearch()` in C calls the function that it is given. */
function byNodeFfi({ dlopen }: NodeFfi, address: bigint): Native {
  const types = ["buffer", "buffer", "uint64", "uint64", "uint64"];
  const { bsearch } = dlopen(process.platform === "win32" ? "ucrtbase.dll" : null, {
    bsearch: { arguments: types, return: "uint64" },
  }).functions;
  return (result, x) => void bsearch!(result, x, 1n, 8n, address);
}

function byKoffi(address: bigint): Native {
  const koffi = createRequire(import.meta.url)("koffi");
  return koffi.decode(address, koffi.proto("int (void *result, void *x)"));
}

const compile = COMPILERS[process.arch];
if (compile === undefined) throw new Error(`There is no compiler for ${process.arch}`);
const coefficients = [3, 0, 2, 7];
const mmap = new MmapOptions({ len: 4096 }).mapAnon();
try {
  mmap.write(compile(coefficients));
  mmap.protect("read-execute");
  const polynomial = functionAt(mmap);
  const result = new BigInt64Array(1);
  for (const x of [-2n, 0n, 10n, 1_000_000n]) {
    polynomial(result, BigInt64Array.of(x));
    console.log(`3x³ + 2x + 7 for x = ${x}: ${result[0]}`);
    strictEqual(result[0], 3n * x ** 3n + 2n * x + 7n);
  }
} catch (error) {
  if (process.platform !== "darwin" || !(error instanceof MmapError)) throw error;
  console.log(String(error));
} finally {
  mmap.unmap(); // nothing calls the function any more
}
