import { assert, assertEquals } from "@std/assert";
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { MmapOptions } from "../../mod.ts";
import { platform, test } from "../support/harness.ts";
import { request } from "../support/simulated/mod.ts";

test("the OS module reads each error right after its call when several kinds alternate", () => {
  const { os } = host();
  const taken = new MmapOptions({ len: 65_536 }).mapAnon();
  const tooLong = request({ byteLength: 2n ** 53n - 1n });
  const there = request({ byteLength: 65_536n, hint: taken.address, strict: true });
  const failures = () => [
    os.map(tooLong) as Failure,
    os.unmap(1n, 1n) as Failure,
    // macOS does not fail there: it maps elsewhere.
    ...(platform === "darwin" ? [] : [os.map(there) as Failure]),
  ];
  const first = failures();
  // Windows has one number for two of the three; for which two, Wine does not agree.
  assert(new Set(first.map(({ osError }) => osError)).size >= 2);
  assert(first.every(({ code }) => code !== "UNKNOWN"));
  if (platform === "linux") {
    assertEquals(first.map(({ code }) => code), ["ENOMEM", "EINVAL", "EEXIST"]);
  }
  for (let round = 0; round < 1000; round++) assertEquals(failures(), first);
  taken.unmap();
});
