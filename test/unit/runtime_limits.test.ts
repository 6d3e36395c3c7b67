import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { bun } from "../../ffi/runtime/bun.ts";
import { deno } from "../../ffi/runtime/deno.ts";
import { koffi } from "../../ffi/runtime/koffi.ts";
import { nodeFfi } from "../../ffi/runtime/node_ffi.ts";
import { heldLimits, type Runtime } from "../../ffi/runtime/runtime.ts";
import { isAtLeast, type Versions } from "../../ffi/runtime/versions.ts";
import { test } from "../support/harness.ts";
import {
  BUN_STUB,
  NODE_FFI_STUB,
  stubDeno,
  stubKoffi,
  stubProcess,
  unused,
} from "../support/stubs.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The limits of a runtime's views. */
function limits({ maxViewByteLength, maxHeldByteLength }: Runtime): [number, number] {
  return [maxViewByteLength, maxHeldByteLength];
}

const ALL = Number.MAX_SAFE_INTEGER;

test("bun() leaves the buffers of mappings above 64 MiB to their users, but holds all before 1.4", () => {
  const of = (version: string) => limits(bun(BUN_STUB, stubProcess({ bun: version })));
  for (const version of ["1.4.0", "1.4.5", "1.10.0", "2.0.0"]) {
    assertEquals(of(version), [4 * GIB, 64 * MIB], version);
  }
  for (const version of ["1.2.6", "1.3.14"]) assertEquals(of(version), [1.5 * GIB, ALL], version);
});

test("heldLimits() allows views of half the longest buffer, aligned for each type", () => {
  for (const byteLength of [2 ** 17, 2 ** 17 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    const { maxViewByteLength } = heldLimits(byteLength);
    assertStrictEquals(maxViewByteLength % 2 ** 16, 0);
    assert(2 * maxViewByteLength <= byteLength && 2 * maxViewByteLength > byteLength - 2 ** 17);
  }
});

test("koffi() limits buffers to the length that it is given", () => {
  const runtime = koffi(stubKoffi(0).koffi, "", 2 ** 32, stubProcess({}));
  assertEquals(limits(runtime), [2 * GIB, ALL]);
});

/** Values of `process.versions`, and whether that engine ends the process at 32 GiB. */
const V8_VERSIONS: readonly (readonly [versions: Versions, aborts: boolean])[] = [
  [{ deno: "2.1.0", node: "20.11.1", v8: "13.0.245.12-rusty" }, false],
  [{ deno: "2.6.6", node: "24.2.0", v8: "14.2.231.17-rusty" }, false],
  [{ deno: "2.6.8", node: "24.2.0", v8: "14.5.201.2-rusty" }, true],
  [{ deno: "2.7.14", node: "24.2.0", v8: "14.7.173.20-rusty" }, true],
  [{ deno: "2.8.0", node: "24.15.0", v8: "14.9.207.2-rusty" }, false],
  [{ deno: "2.9.5", node: "26.3.0", v8: "15.0.245.2-rusty" }, false],
  [{ deno: "2.7.99", node: "26.9.0", v8: "14.8.1.1-rusty" }, true],
  [{ node: "22.3.0", v8: "12.4.254.20-node.13" }, false],
  [{ node: "25.9.0", v8: "14.1.146.11-node.25" }, false],
  [{ node: "26.0.0", v8: "14.6.202.33-node.19" }, true],
  [{ node: "26.8.2", v8: "14.6.202.34-node.28" }, true],
  [{ node: "26.9.0", v8: "14.6.202.34-node.32" }, false],
  [{ node: "26.10.0", v8: "14.6.202.34-node.34" }, false],
  [{}, false],
];

for (
  const [name, make] of [
    ["deno", (versions: Versions) => deno(stubDeno({ version: versions }), unused)],
    ["nodeFfi", (versions: Versions) => nodeFfi(NODE_FFI_STUB, stubProcess(versions))],
    [
      "koffi",
      (versions: Versions) => koffi(stubKoffi(0).koffi, "", 2 ** 53 - 1, stubProcess(versions)),
    ],
  ] as const
) {
  test(`${name}() holds all buffers, and makes none that V8 cannot bear`, () => {
    for (const [versions, aborts] of V8_VERSIONS) {
      const longest = aborts ? 15 * GIB : 2 ** 52 - 2 ** 16;
      assertEquals(limits(make(versions)), [longest, ALL], versions.v8);
    }
  });
}

test("isAtLeast() compares numbers and not letters, and takes a pre-release for the release", () => {
  const ordered = ["1.2", "1.2.6-canary.1", "1.2.10", "1.3.0", "1.10.0", "2.0.0-rc.1", "10.0.0"];
  for (const [index, version] of ordered.entries()) {
    for (const [otherIndex, other] of ordered.entries()) {
      const first = other.replace(/-.*/, "");
      assertStrictEquals(isAtLeast(version, first), index >= otherIndex, `${version}, ${first}`);
    }
  }
  assertStrictEquals(isAtLeast("1.4", "1.4.0"), true);
  assertStrictEquals(isAtLeast("", "0.1"), false);
});
