import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { once } from "node:events";
import { host } from "../../ffi/host.ts";
import { MmapError, regions } from "../../mod.ts";
import { childValue, start } from "../support/child_processes.ts";
import { platform, runtime, test, unlessLinux } from "../support/harness.ts";
import { withoutOtherUsers } from "../support/temp_files.ts";

void host().os.regions; // before the tests: Deno counts a library that a test opens as a leak
const unlessDeno = runtime === "deno" ? undefined : "permissions are Deno's";

test("regions() is in order while another thread maps and unmaps", async () => {
  assertEquals(await childValue("regions_changing.ts"), 0);
});

test("regions() tells of another process on Linux, and throws ENOTSUP elsewhere", async () => {
  if (platform !== "linux") {
    const { code } = assertThrows(() => regions({ pid: process.pid }), MmapError);
    assertEquals(code, "ENOTSUP");
    return;
  }
  const child = start("sh", ["-c", "read line"]);
  await once(child, "spawn");
  try {
    const found = regions({ pid: child.pid! });
    assert(found.some(({ name }) => name === "[stack]"), `${found.length}`);
    assert(found.every(({ residentByteLength }) => residentByteLength === undefined));
    const resident = regions({ pid: child.pid!, resident: true });
    assert(resident.every(({ residentByteLength }) => residentByteLength !== undefined));
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const { code, message } = assertThrows(() => regions({ pid: child.pid! }), MmapError);
  assertEquals(code, "ESRCH");
  assertStringIncludes(message, `there is no process ${child.pid}`);
});

test("regions() says so when a process is another user's", async () => {
  const [code, message] = await childValue<[string, string]>("regions_other_user.ts");
  assert(code === "EACCES" || code === "EPERM", code);
  assertStringIncludes(message, "belongs to another user");
}, { skip: unlessLinux("Linux alone tells of others") ?? withoutOtherUsers() });

test("regions() needs --allow-ffi alone, and all permissions for another process", async () => {
  const args = [String(process.pid)];
  const outcomes = (permissions: readonly string[]) =>
    childValue("regions_permissions.ts", { args, permissions: ["--no-prompt", ...permissions] });
  assertEquals(await outcomes(["--allow-ffi"]), ["listed", "NotCapable"]);
  assertEquals(await outcomes(["--allow-ffi", "--allow-read"]), ["listed", "NotCapable"]);
  assertEquals(await outcomes(["-A"]), ["listed", "listed"]);
}, { skip: unlessDeno ?? unlessLinux("Linux alone tells of others") });
