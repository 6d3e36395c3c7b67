import { assert, assertEquals, assertThrows } from "@std/assert";
import { anonymous } from "../../core/lifetime/mapping_plan.ts";
import { endToken, newToken } from "../../core/lifetime/collector.ts";
import { plainAllocation } from "../../core/lifetime/allocation.ts";
import { PageState } from "../../core/pages/page_state.ts";
import { allocationGranularity, MmapError, MmapOptions } from "../../mod.ts";
import { test, use } from "../support/harness.ts";

const LENGTH = allocationGranularity();
const PLAIN = plainAllocation(0n, 0n);

/** Whether a lease is handed on once its handle has ended it. */
function isHandedOn(lease: ReturnType<typeof newToken>): boolean {
  const spare = Array.from({ length: 64 }, () => newToken(PLAIN)); // so that there is room for it
  endToken(lease);
  const next = newToken(PLAIN);
  for (const other of [next, ...spare]) endToken(other);
  return next === lease;
}

test("a lease of plain memory is handed on, and one that others know of is not", () => {
  assert(isHandedOn(newToken(PLAIN)));
  const viewed = newToken(PLAIN);
  viewed.allocation.isReusable = false;
  assert(!isHandedOn(viewed));
  assert(!isHandedOn(newToken({ ...PLAIN, isMirrored: true })));
  const backing = { file: undefined, name: undefined, guard: undefined, offset: 0 };
  assert(!isHandedOn(newToken({ ...PLAIN, backing })));
});

test("a closed handle has no part in the mapping that has its lease", () => {
  const options = new MmapOptions({ len: LENGTH });
  const closed = options.mapAnon();
  closed.unmap();
  const next = use(options.mapAnon());
  next.bytes[0] = 1;
  closed.unmap();
  assertEquals(closed.address, 0n);
  assertThrows(() => closed.bytes, MmapError, "closed");
  assertThrows(() => closed.intoRaw(), MmapError, "closed");
  assertEquals(next.bytes[0], 1);
});

test("pages keep the lease of their handle from being handed on", () => {
  const lease = newToken(PLAIN);
  assert(lease.allocation.isReusable);
  new PageState(lease.allocation, anonymous(() => 0n, LENGTH, BigInt(LENGTH), "read-write"), {});
  assert(!isHandedOn(lease));
});
