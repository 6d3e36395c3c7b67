import { assertEquals, assertNotEquals } from "@std/assert";
import { host } from "../ffi/host.ts";
import type { Failure } from "../ffi/os/os.ts";
import { request } from "./fake_runtime.ts";
import { platform, test } from "./harness.ts";

test("the OS module reads each error right after its call when two kinds alternate", () => {
  const { os } = host();
  const tooLong = request({ byteLength: 2n ** 53n - 1n });
  const failures = () => [os.map(tooLong) as Failure, os.unmap(1n, 1n) as Failure] as const;
  const [mapping, unmapping] = failures();
  assertNotEquals(mapping.osError, unmapping.osError);
  if (platform !== "win32") assertEquals([mapping.code, unmapping.code], ["ENOMEM", "EINVAL"]);
  for (let round = 0; round < 1000; round++) assertEquals(failures(), [mapping, unmapping]);
});
