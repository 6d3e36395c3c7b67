import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { childValue, run, runChild } from "../support/child_processes.ts";
import { platform, test } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";

for (const kind of ["anon", "file", "viewed"]) {
  for (const end of ["below", "above"]) {
    const skip = platform === "win32" && kind.endsWith("file")
      ? "files have no guards here"
      : undefined;
    test(`guard() ends the process when native code stores ${end}, ${kind}`, async () => {
      const { stdout, code, stderr } = await runChild("guard.ts", { args: [kind, end] });
      assertEquals([stdout.trim(), code === 0], ["stored within", false], `${code}\n${stderr}`);
    }, { skip });
  }
}

/** The reason why there are no huge pages of 2 MiB; asks the system for some if that is allowed. */
function withoutHugePages(): string | undefined {
  if (platform !== "linux") return "huge pages are tried on Linux";
  const free = () =>
    Number(/HugePages_Free:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]);
  // Where that is not allowed, or there is no such program, there are none.
  if (!(free() >= 2)) run("sysctl", ["-w", "vm.nr_hugepages=2"]);
  return free() >= 2 ? undefined : "the system has set no huge pages aside";
}

test("huge() gives pages of 2 MiB, in which access changes, and all come back", async () => {
  const value = await childValue<Record<string, unknown>>("huge.ts");
  assertEquals(value, {
    pageByteLength: "2048 kB",
    byteLength: 100,
    refusedRange: "RangeError",
    access: ["read", "read-write"],
    codes: ["ENOTSUP", "ENOTSUP", "ENOTSUP", "ENOTSUP"],
    freed: true,
    aligned: true,
  });
}, { skip: withoutHugePages() ?? withoutSmaps() });
