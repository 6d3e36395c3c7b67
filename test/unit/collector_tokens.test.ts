import { assert, assertEquals, assertThrows } from "@std/assert";
import { plainPlan } from "../../core/lifetime/mapping_plan.ts";
import { endToken, newToken } from "../../core/lifetime/collector.ts";
import { plainAllocation } from "../../core/lifetime/allocation.ts";
import { PageState } from "../../core/pages/page_state.ts";
import { allocationGranularity, MmapError, MmapOptions } from "../../mod.ts";
import { test, use } from "../support/harness.ts";

const LENGTH = allocationGranularity();
const PLAIN = plainAllocation(0n, 0n);

/** Tells whether a token is reused once its handle has ended it. */
function isReused(token: ReturnType<typeof newToken>): boolean {
  const spare = Array.from({ length: 64 }, () => newToken(PLAIN)); // so that there is room for it
  endToken(token);
  const next = newToken(PLAIN);
  for (const other of [next, ...spare]) endToken(other);
  return next === token;
}

test("newToken() reuses a token of plain memory, and none that others know of", () => {
  assert(isReused(newToken(PLAIN)));
  const viewed = newToken(PLAIN);
  viewed.allocation.isReusable = false;
  assert(!isReused(viewed));
  assert(!isReused(newToken({ ...PLAIN, isMirrored: true })));
  const backing = {
    file: undefined,
    name: undefined,
    isAllocated: false,
    guard: undefined,
    offset: 0,
  };
  assert(!isReused(newToken({ ...PLAIN, backing })));
});

test("a closed handle has no part in the mapping that reuses its token", () => {
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

test("PageState() keeps the token of its handle from being reused", () => {
  const token = newToken(PLAIN);
  assert(token.allocation.isReusable);
  new PageState(
    token.allocation,
    plainPlan(() => 0n, LENGTH, BigInt(LENGTH), "read-write"),
    {},
  );
  assert(!isReused(token));
});
