import { assertStrictEquals } from "@std/assert";
import { hashOf } from "../../core/sources/shared_name.ts";
import { test } from "../support/harness.ts";

test("hashOf() is FNV-1a of 64 bits of a name in UTF-8", () => {
  // The test vectors of draft-eastlake-fnv
  assertStrictEquals(hashOf(""), 0xcbf2_9ce4_8422_2325n);
  assertStrictEquals(hashOf("a"), 0xaf63_dc4c_8601_ec8cn);
  assertStrictEquals(hashOf("foobar"), 0x8594_4171_f739_67e8n);
  const bigger = "größe/数据".repeat(20);
  const bytes = new TextEncoder().encode(bigger);
  const expected = bytes.reduce(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n),
    0xcbf2_9ce4_8422_2325n,
  );
  assertStrictEquals(hashOf(bigger), expected);
});
