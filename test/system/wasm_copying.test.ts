import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { test, use } from "../support/harness.ts";
import { contents, pattern, TempFolder } from "../support/temp_files.ts";
import {
  makeMemory,
  MEMORY_KINDS,
  WASM_PAGE,
  withoutEngineMemory,
} from "../support/wasm_module.ts";

const skip = withoutEngineMemory;
/** Longer than what is copied in one piece. */
const LENGTH = 8 * WASM_PAGE;
const PART = 5 * WASM_PAGE + 3;
const DISTANCES = [1, pageSize(), 2 * WASM_PAGE + 5];
const CONTENT = pattern(LENGTH);

/** One file at two addresses, the first in a memory. */
interface Twice {
  readonly path: string;
  readonly inside: Mmap;
  readonly outside: Mmap;
  readonly memory: WebAssembly.Memory;
}

function mapTwice(kind: "plain" | "shared"): Twice {
  const path = use(new TempFolder()).file("file", CONTENT);
  const memory = makeMemory(kind, 1);
  const inside = use(new MmapOptions().into(memory, "grow").mapMut(path));
  return { path, inside, outside: use(new MmapOptions().mapMut(path)), memory };
}

/** The bytes of the memory by a buffer that the library has not seen: it is another once it grows. */
function unseen({ memory, inside }: Twice): Uint8Array {
  memory.grow(1);
  return new Uint8Array(memory.buffer, inside.byteOffset, LENGTH);
}

/** Who copies, and the bytes that it copies to or from. */
const PAIRS: Readonly<Record<string, (twice: Twice) => readonly [Mmap, Uint8Array]>> = {
  "the memory and its own bytes": ({ inside }) => [inside, inside.bytes],
  "the memory and bytes of the file": ({ inside, outside }) => [inside, outside.bytes],
  "the file and bytes of the memory": (twice) => [twice.outside, unseen(twice)],
};

for (const kind of MEMORY_KINDS) {
  for (const [name, pairOf] of Object.entries(PAIRS)) {
    for (const verb of ["read", "write"] as const) {
      test(
        `${verb}() between ${name} copies as memmove does where they overlap in a ${kind} memory`,
        () => {
          const twice = mapTwice(kind);
          const [mmap, bytes] = pairOf(twice);
          for (const distance of DISTANCES) {
            for (const [from, to] of [[0, distance], [distance, 0]] as const) {
              const expected = CONTENT.slice();
              twice.inside.write(expected);
              expected.copyWithin(to, from, from + PART);
              if (verb === "read") mmap.read(bytes.subarray(to, to + PART), from);
              else mmap.write(bytes.subarray(from, from + PART), to);
              assert(Buffer.compare(contents(twice.path), expected) === 0, `from ${from} to ${to}`);
            }
          }
        },
        { skip },
      );
    }
  }
}

test("read() and write() of a shared buffer copy as memmove does where they overlap", () => {
  const mmap = use(new MmapOptions({ len: LENGTH, sharedBuffer: true }).mapAnon());
  const bytes = new Uint8Array(mmap.buffer);
  for (const distance of DISTANCES) {
    const expected = CONTENT.slice();
    mmap.write(expected);
    mmap.read(bytes.subarray(distance, distance + PART));
    expected.copyWithin(distance, 0, PART);
    assert(Buffer.compare(bytes, expected) === 0);
    mmap.write(bytes.subarray(0, PART), distance);
    expected.copyWithin(distance, 0, PART);
    assert(Buffer.compare(bytes, expected) === 0);
  }
}, { skip });
