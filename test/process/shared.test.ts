import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MmapOptions, pageSize } from "../../mod.ts";
import { childValue, NODE_PERMISSION, unlessNodePermission } from "../support/child_processes.ts";
import { runtime, test, unlessLinux, use } from "../support/harness.ts";
import { FOLDER, freshName, leftNames, unlessFolder } from "../support/shared_names.ts";
import { withoutOtherUsers } from "../support/temp_files.ts";

const PAGE = pageSize();

test("memory of another user is EACCES, EEXIST and EPERM", async () => {
  const name = freshName();
  use(new MmapOptions({ len: PAGE }).mapShared(name, { mode: "create" }));
  const outcomes = await childValue("shared_other_user.ts", { args: [name] });
  assertEquals(outcomes, ["EACCES", "EACCES", "EEXIST", "EPERM", "it belongs to user 0"]);
  use(new MmapOptions().mapShared(name));
}, {
  skip: unlessLinux("only Linux is known to let a process become another user so") ??
    unlessFolder ?? withoutOtherUsers(),
});

test("Deno's permissions hold for shared memory", async () => {
  const name = freshName();
  const path = join(FOLDER, name);
  const outcomes = (...permissions: string[]) =>
    childValue("shared_permissions.ts", {
      args: [name],
      permissions: ["--no-prompt", "--allow-ffi", ...permissions],
    });
  const refused = "NotCapable";
  const [read, write] = [`--allow-read=${path}`, `--allow-write=${path}`];
  assertEquals(await outcomes(), [refused, refused, refused, refused]);
  assertEquals(await outcomes(read), [refused, refused, refused, refused]);
  assertEquals(await outcomes(write), [refused, refused, refused, "ENOENT"]);
  assertEquals(await outcomes(read, write), ["done", "done", "done", "done"]);
  assertEquals(await outcomes(`${read}-other`, `${write}-other`), Array(4).fill(refused));
}, { skip: runtime === "deno" ? unlessFolder : "permissions are Deno's" });

test("the permissions of Node.js hold for shared memory", async () => {
  const name = freshName();
  const path = join(FOLDER, name);
  const outcomes = (...permissions: string[]) =>
    childValue("shared_permissions.ts", {
      args: [name],
      permissions: [...NODE_PERMISSION, ...permissions],
    });
  const refused = "ERR_ACCESS_DENIED";
  const [read, write] = [`--allow-fs-read=${path}`, `--allow-fs-write=${path}`];
  assertEquals(await outcomes(read), [refused, refused, refused, refused]);
  assertEquals(await outcomes(write), [refused, refused, refused, "ENOENT"]);
  assertEquals(await outcomes(read, write), ["done", "done", "done", "done"]);
  const others = [`--allow-fs-read=${path}-other`, `--allow-fs-write=${path}-other`];
  assertEquals(await outcomes(...others), Array(4).fill(refused));
}, { skip: unlessNodePermission ?? unlessFolder });

test("a store that finds no room in /dev/shm does not end the process", async () => {
  const result = await childValue("shared_full.ts", { args: [freshName()] });
  assertEquals(result, {
    reserved: "ENOSPC",
    first: 1,
    last: 1,
    other: 0,
    isLost: true,
    read: ["undefined", "EFAULT"],
  });
}, { skip: unlessLinux("only Linux limits shared memory") ?? unlessMounts() });

test(
  "mapShared() makes memory by another name where /proc is missing, and leaves that not",
  async () => {
    const name = freshName();
    const outcome = await childValue("shared_full.ts", { args: [name, "no-proc"] });
    assertEquals(outcome, {
      codes: ["7", "EEXIST", "7"],
      names: [name],
      shared: 7,
    });
  },
  { skip: unlessLinux("only Linux has a folder of it") ?? unlessMounts() },
);

test("there is no shared memory where /dev/shm is no tmpfs", async () => {
  const outcomes = await childValue("shared_full.ts", { args: [freshName(), "elsewhere"] });
  assertEquals(outcomes, ["ENOTSUP", "ENOTSUP"]);
}, { skip: unlessLinux("only Linux has a folder of it") ?? unlessMounts() });

/** A reason to skip what mounts file systems for a child alone. */
function unlessMounts(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can mount";
  // As after chroot(): what is no mount point cannot be made private.
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return mounts.some((mount) => mount.split(" ")[4] === "/")
    ? undefined
    : "the root is no mount point";
}

test("the tests of shared memory leave none", () => {
  assertEquals(leftNames(), []);
}, { skip: unlessFolder });
