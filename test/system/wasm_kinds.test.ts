import { assert, assertEquals, assertThrows } from "@std/assert";
import { runInNewContext } from "node:vm";
import { takeEngineTurn } from "../../core/lifetime/process_table.ts";
import { host } from "../../ffi/host.ts";
import { MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { runtime, test, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { contents, pattern, readBytes, TempFolder } from "../support/temp_files.ts";
import {
  makeMemory,
  MEMORY_KINDS,
  module64Over,
  moduleOver,
  WASM_PAGE,
  withoutEngineMemory,
} from "../support/wasm_module.ts";

const skip = withoutEngineMemory;
const PAGE = pageSize();
const LENGTH = 3 * PAGE;
const PAGES_OF_4_GIB = 65_536;

function file(): string {
  return use(new TempFolder()).file("file", pattern(LENGTH));
}

function memory64(): WebAssembly.Memory | undefined {
  if (runtime === "bun") return undefined; // before 1.4 it makes one of 32 bits
  const descriptor = { initial: 1n, maximum: 8n, address: "i64" };
  try {
    return new WebAssembly.Memory(descriptor as never);
  } catch {
    return undefined;
  }
}

for (const kind of MEMORY_KINDS) {
  test(`into() maps the last page of a ${kind} memory of 4 GiB`, () => {
    const memory = makeMemory(kind, PAGES_OF_4_GIB, PAGES_OF_4_GIB);
    const place = 2 ** 32 - PAGE;
    const path = file();
    const mmap = use(new MmapOptions({ len: PAGE }).into(memory, place).mapMut(path));
    const module = moduleOver(memory);
    assertEquals(module.load(2 ** 32 - 1), pattern(PAGE)[PAGE - 1]);
    module.store(2 ** 32 - 1, 99);
    assertEquals(contents(path)[PAGE - 1], 99);
    assertEquals([mmap.byteOffset, module.load(place - 1)], [place, 0]);
    assertThrows(() => new MmapOptions({ len: PAGE }).into(memory, "grow").map(path), RangeError);
  }, { skip });

  test(`into() takes a ${kind} memory of no length, and of another realm`, () => {
    const path = file();
    const options = `{ initial: 0, maximum: 8, shared: ${kind === "shared"} }`;
    const memory = runInNewContext(`new WebAssembly.Memory(${options})`) as WebAssembly.Memory;
    assertThrows(() => new MmapOptions().into(memory, 0).map(path), RangeError);
    const mmap = use(new MmapOptions().into(memory, "grow").map(path));
    assertEquals([mmap.byteOffset, mmap.buffer === memory.buffer], [0, true]);
    assertEquals(mmap.bytes, pattern(LENGTH));
  }, { skip });

  test(`into() asks the engine where a ${kind} memory is, whatever the object has instead`, () => {
    const memory = makeMemory(kind);
    Object.defineProperty(memory, "grow", { value: () => 10_000 });
    Object.defineProperty(memory, "buffer", { value: new ArrayBuffer(0) });
    const mmap = use(new MmapOptions().into(memory, "grow").map(file()));
    assertEquals([mmap.byteOffset, mmap.buffer.byteLength], [4 * WASM_PAGE, 5 * WASM_PAGE]);
    assertEquals(mmap.bytes, pattern(LENGTH));
  }, { skip });

  test(
    `a part of a file takes whole pages of a ${kind} memory, and no byte beyond it is the module's`,
    () => {
      const memory = makeMemory(kind);
      new Uint8Array(memory.buffer).fill(7);
      const path = file();
      const options = new MmapOptions({ offset: PAGE, len: PAGE + 5 });
      const mmap = use(options.into(memory, PAGE).mapMut(path));
      const module = moduleOver(memory);
      assertEquals(mmap.bytes, pattern(LENGTH).subarray(PAGE, 2 * PAGE + 5));
      assertEquals(module.load(2 * PAGE + 5), pattern(LENGTH)[2 * PAGE + 5]); // the rest of the page
      assertEquals([module.load(PAGE - 1), module.load(3 * PAGE)], [7, 7]);
      assertThrows(() => mmap.view(Uint8Array, PAGE + 5, 1), RangeError);
      assertThrows(() => mmap.write(new Uint8Array(2), PAGE + 4), RangeError);
      mmap.unmap();
      assertEquals([module.sum(PAGE, 2 * PAGE), module.load(3 * PAGE)], [0, 7]);
    },
    { skip },
  );
}

const memoryOf64Bits = memory64();
test("into() maps into a memory with 64-bit addresses", () => {
  const memory = memoryOf64Bits!;
  const path = file();
  const mmap = use(new MmapOptions().into(memory, "grow").mapMut(path));
  const module = module64Over(memory);
  const place = BigInt(mmap.byteOffset);
  assertEquals([mmap.byteOffset, mmap.byteLength], [WASM_PAGE, LENGTH]);
  const sum = pattern(LENGTH).reduce((sum, byte) => sum + byte, 0);
  assertEquals(module.sum(place, BigInt(LENGTH)), sum);
  assertEquals(module.grow(1n), 2n);
  module.store(place, 99);
  assertEquals([contents(path)[0], mmap.bytes[0]], [99, 99]);
}, { skip: skip ?? (memoryOf64Bits ? undefined : "this engine has no 64-bit memories") });

test("into() takes the turn of a thread that was terminated in it", () => {
  const { isMine, end } = takeEngineTurn(host().os);
  const mmap = use(new MmapOptions().into(makeMemory(), 0).map(file()));
  assertEquals([isMine(), mmap.bytes[0]], [false, pattern(1)[0]]);
  end(); // late: it is nobody's turn to end
  const other = takeEngineTurn(host().os);
  assert(other.isMine());
  other.end();
}, { skip });

test("sharedBuffer() makes a buffer of 4 GiB", () => {
  const mmap = use(new MmapOptions({ len: 2 ** 32, sharedBuffer: true }).mapAnon());
  mmap.bytes[2 ** 32 - 2] = 9; // the index after it is none before Bun 1.4
  assertEquals([...readBytes(mmap, 2, 2 ** 32 - 2)], [9, 0]);
}, { skip });

test(
  "advise(), prefault(), resident(), lock(), flush() and discard() take memory of the engine",
  async () => {
    const path = file();
    const mapped = use(new MmapOptions().into(makeMemory(), "grow").mapMut(path));
    const anonymous = use(new MmapOptions({ len: WASM_PAGE, sharedBuffer: true }).mapAnon());
    for (const mmap of [mapped, anonymous]) {
      mmap.advise("sequential");
      await mmap.prefault();
      if (withoutSmaps() === undefined) assertEquals(mmap.resident(), mmap.byteLength);
      mmap.lock(0, PAGE);
      mmap.unlock(0, PAGE);
      mmap.bytes[5] = 99;
      mmap.flush();
    }
    assertEquals(contents(path)[5], 99);
    anonymous.discard();
    assertEquals([anonymous.bytes[5], codeOf(() => mapped.discard())], [0, "ENOTSUP"]);
  },
  { skip },
);

test("wait() and notify() reach a shared buffer by another mapping of its file", async () => {
  const path = use(new TempFolder()).file("file", new Uint8Array(PAGE));
  const mmap = use(new MmapOptions({ sharedBuffer: true }).mapMut(path));
  const other = use(new MmapOptions().mapMut(path));
  assertEquals([mmap.wait(0, 1), mmap.wait(0, 0, 1)], ["not-equal", "timed-out"]);
  const woken = mmap.waitAsync(0, 0);
  while (other.notify(0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(await woken, "ok");
  const ended = mmap.waitAsync(0, 0).then(() => "woken", (error) => error.code);
  mmap.unmap();
  assertEquals(await ended, "EBADF");
  assert(mmap.closed);
}, { skip });
