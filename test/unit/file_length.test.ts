import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Files } from "../../ffi/os/contract/files.ts";
import { allocateFile } from "../../core/placing/file_length.ts";
import { test } from "../support/harness.ts";

test("allocateFile() takes no block of a disk that has too few for the bytes that are added", () => {
  const taken: number[] = [];
  const files = {
    byteLength: () => 100,
    freeByteLength: () => 50n,
    allocate(_file: number, start: number, byteLength: number) {
      taken.push(start, byteLength);
      return undefined;
    },
  } as unknown as Files;
  for (const [start, byteLength] of [[90, 61], [150, 51], [0, 151]] as const) {
    const failure = allocateFile(files, 3, start, byteLength);
    assertEquals(failure?.code, "ENOSPC");
    assertStringIncludes(failure!.advice!, "only 50 bytes");
  }
  assertEquals(taken, []);
  // The bytes that are there may have their blocks.
  for (const [start, byteLength] of [[0, 100], [90, 60], [150, 50]] as const) {
    assertEquals(allocateFile(files, 3, start, byteLength), undefined);
  }
  assertEquals(taken, [0, 100, 90, 60, 150, 50]);
});
