import { assertEquals } from "@std/assert";
import type { FilePieces, PieceRequest } from "../../ffi/os/contract/files.ts";
import { test } from "../support/harness.ts";
import {
  type Call,
  fail,
  FILE_BYTE_LENGTH,
  fileRequest,
  forget,
  HINT,
  names,
  openedFiles,
  PAGE,
  request,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";

const CAPACITY = 2n ** 40n;
const BELOW = 65_536n;
const START = HINT + BELOW;

/** Opens Windows with addresses reserved for a file, the lower ones for a guard. */
function reserved(): SimulatedSystem & { pieces: FilePieces } {
  const system = openedFiles("windows");
  const pieces = system.os.files.pieces!;
  assertEquals(pieces.map(request({ hint: HINT, byteLength: BELOW + CAPACITY })), HINT);
  forget(system);
  return { ...system, pieces };
}

/** A piece of the file, some pages from its start. */
const piece = (from: bigint, byteLength: bigint, change: Partial<PieceRequest> = {}) => ({
  ...fileRequest({ hint: START + from, offset: from, byteLength }),
  protection: undefined,
  ...change,
});
const first = (byteLength: bigint, protection: PieceRequest["protection"] = "read-write") =>
  piece(0n, byteLength, { protection });

const placeholder = (start: bigint, end: bigint) =>
  `${start.toString(16)}-${end.toString(16)} placeholder`;
const view = (start: bigint, end: bigint, protection = 4) =>
  `${start.toString(16)}-${end.toString(16)} section ${protection}`;

for (
  const [protection, number] of [
    ["copy-on-write", 0x8],
    ["read-write", 0x4],
    ["read", 0x2],
    ["read-execute", 0x20],
  ] as const
) {
  test(`windows maps pieces as "${protection}", the next ones as the first`, () => {
    const { pieces, runtime, kernel } = reserved();
    assertEquals(pieces.fill(first(5000n, protection)), undefined);
    pieces.protect(START, PAGE, "none");
    assertEquals(pieces.fill(piece(2n * PAGE, PAGE + 1n)), undefined);
    const calls = runtime.calls.filter(([name]) => !name.startsWith("VirtualQ"));
    const [one, other] = calls.filter(([name]) => name === "MapViewOfFile3");
    const process = 2n ** 64n - 1n;
    const rest = [0x4000, number, 0n, 0];
    assertEquals([one, other], [
      ["MapViewOfFile3", one![1]!, process, START, 0n, 5000n, ...rest],
      ["MapViewOfFile3", other![1]!, process, START + 2n * PAGE, 2n * PAGE, PAGE + 1n, ...rest],
    ]);
    const split: Call = ["VirtualFree", START, 2n * PAGE, 0x8002];
    assertEquals(calls.slice(0, 2), [
      ["CreateFileMappingW", 7n, 0n, number, 0, 0, 0n],
      split,
    ]);
    assertEquals(kernel.open.size, 0);
  });
}

test("windows maps only the pages that are not mapped, whatever the placeholders are", () => {
  const { pieces, kernel: { space } } = reserved();
  pieces.fill(first(PAGE));
  space.split(START + 3n * PAGE, PAGE); // as another thread may
  assertEquals(pieces.fill(piece(PAGE, 5n * PAGE - 1n)), undefined);
  assertEquals(pieces.fill(piece(PAGE, 4n * PAGE)), undefined);
  const bases = space.bases(START, 6n * PAGE);
  assertEquals(bases.map((base) => (base - START) / PAGE), [0n, 1n, 3n, 4n]);
  assertEquals(String(space).split("\n"), [
    placeholder(HINT, START),
    view(START, START + 6n * PAGE),
    placeholder(START + 6n * PAGE, START + CAPACITY),
  ]);
});

test("windows maps the rest when another thread maps the same pages meanwhile", () => {
  for (const call of ["VirtualFree", "MapViewOfFile3"]) {
    const { pieces, kernel, os } = reserved();
    pieces.fill(first(PAGE));
    const { called } = kernel;
    kernel.called = (name) => {
      if (name !== call) return called.call(kernel, name);
      kernel.called = called;
      assertEquals(pieces.fill(piece(PAGE, 2n * PAGE)), undefined); // the other thread
      return 487;
    };
    assertEquals(pieces.fill(piece(PAGE, 4n * PAGE)), undefined);
    assertEquals(
      kernel.space.states(START, 5n * PAGE).every((state) => state === "section 4"),
      true,
    );
    assertEquals(os.files.pieces!.unmap(HINT, BELOW + CAPACITY), undefined);
    assertEquals(kernel.space.pageCount, 0);
  }
});

test("windows returns why it maps no piece, and closes the section", () => {
  const calls = ["VirtualQuery", "CreateFileMappingW", "VirtualQuery", "VirtualFree"];
  for (const [index, syscall] of [...calls, "MapViewOfFile3"].entries()) {
    const system = reserved();
    system.pieces.fill(first(PAGE));
    fail(system, index, 1455);
    const failure = { syscall, osError: 1455, code: "ENOMEM" };
    assertEquals(system.pieces.fill(piece(PAGE, PAGE)), failure);
    assertEquals(system.kernel.open.size, 0);
    assertEquals(system.pieces.fill(piece(PAGE, PAGE)), undefined);
  }
});

test("windows protects and flushes a range of several pieces one by one", () => {
  const system = reserved();
  const { pieces, runtime, os: { files } } = system;
  pieces.fill(first(2n * PAGE));
  pieces.fill(piece(2n * PAGE, 2n * PAGE));
  const half: readonly (readonly [bigint, bigint])[] = [
    [START + PAGE, PAGE],
    [START + 2n * PAGE, PAGE],
  ];
  forget(system);
  assertEquals(pieces.protect(START + PAGE, 2n * PAGE, "read"), undefined);
  assertEquals(files.flush(undefined, START + PAGE, 2n * PAGE, true), undefined);
  for (const name of ["VirtualProtect", "FlushViewOfFile"]) {
    const ranges = runtime.calls.filter((call) => call[0] === name).map((call) => call.slice(1, 3));
    assertEquals(ranges, [[START + PAGE, 2n * PAGE], ...half].map((range) => [...range]));
  }
  const flush = files.prepareFlush(undefined, START + PAGE, 2n * PAGE) as { job: unknown };
  assertEquals(flush.job, { ranges: half, file: undefined });
  fail(system, 2, 5);
  assertEquals(pieces.protect(START + PAGE, 2n * PAGE, "none")?.syscall, "VirtualQuery");
});

test("windows keeps the addresses until the last of its calls that unmap", () => {
  const system = reserved();
  const { pieces, kernel: { space } } = system;
  pieces.fill(first(2n * PAGE));
  pieces.protect(START, PAGE, "read");
  pieces.fill(piece(2n * PAGE, PAGE));
  forget(system);
  assertEquals(pieces.unmap(HINT, BELOW + CAPACITY), undefined);
  const changes = system.runtime.calls.filter(([name]) => name !== "VirtualQuery");
  const process = 2n ** 64n - 1n;
  assertEquals(changes, [
    ["UnmapViewOfFile2", process, START, 2],
    ["UnmapViewOfFile2", process, START + 2n * PAGE, 2],
    ["VirtualFree", HINT, BELOW + CAPACITY, 0x8001],
    ["VirtualFree", HINT, 0n, 0x8000],
  ]);
  assertEquals(space.runs, []);
});

test("windows unmaps all pieces or none, whatever call is refused once", () => {
  for (let index = 0;; index++) {
    const system = reserved();
    const { pieces, kernel } = system;
    pieces.fill(first(PAGE));
    pieces.fill(piece(PAGE, PAGE));
    const there = String(kernel);
    forget(system);
    fail(system, index, 5);
    const failure = pieces.unmap(HINT, BELOW + CAPACITY);
    if (failure !== undefined) assertEquals(String(kernel), there);
    else assertEquals(kernel.space.runs, []);
    const isBefore = !names(system).includes("VirtualFree") && failure !== undefined;
    assertEquals(isBefore, index < 3); // the guard's query, that of the first view, and its unmapping
    if (index >= kernel.calls.length) break;
  }
});

test("windows gives up addresses that it frees not even at the second time", () => {
  const system = reserved();
  const { pieces, kernel } = system;
  pieces.fill(first(PAGE));
  const { called } = kernel;
  kernel.called = (name) => called.call(kernel, name) ?? (name === "VirtualFree" ? 5 : undefined);
  forget(system);
  assertEquals(pieces.unmap(HINT, BELOW + CAPACITY), undefined);
  assertEquals(names(system).filter((name) => name === "VirtualFree").length, 2);
  assertEquals(kernel.space.states(START, PAGE), ["placeholder"]);
});

test("windows maps up to the end of the addresses, above a guard", () => {
  const { os, kernel: { space } } = openedFiles("windows");
  const pieces = os.files.pieces!;
  pieces.map(request({ hint: HINT, byteLength: BELOW + PAGE }));
  assertEquals(pieces.fill(first(PAGE)), undefined);
  assertEquals(space.bases(HINT, BELOW + PAGE), [HINT, START]);
});

test("windows extends a file by a section, and never cuts it off", () => {
  const { os: { files }, kernel, runtime } = openedFiles("windows");
  assertEquals(files.extend!(7, 2 ** 33 + 1), undefined);
  assertEquals(runtime.calls[0], ["CreateFileMappingW", 7n, 0n, 4, 2, 1, 0n]);
  assertEquals([kernel.fileByteLength, kernel.open.size], [2 ** 33 + 1, 0]);
  assertEquals(files.extend!(7, FILE_BYTE_LENGTH), undefined);
  assertEquals(kernel.fileByteLength, 2 ** 33 + 1);
});
