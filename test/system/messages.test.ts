import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { strictHintError, systemError } from "../../core/checks/errors.ts";
import { host } from "../../ffi/host.ts";
import { mayLock } from "../../ffi/os/linux/locking.ts";
import { meaning, refusal } from "../../ffi/os/contract/memory.ts";
import { MmapError, MmapOptions, removeShared } from "../../mod.ts";
import { platform, test, unlessLinux } from "../support/harness.ts";
import { CALLS } from "../support/temp_files.ts";

const { named } = host().os; // before the tests: Deno counts a library that a test opens as a leak
const FAILURE = { syscall: "open", osError: 2, code: "ENOENT" };

/** The error of a call, if there is one. */
function errorOf(call: () => unknown): MmapError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    assert(error instanceof MmapError, String(error));
    return error;
  }
}

test("a message names the call that failed by its own error, and none where there was none", () => {
  const told = (error: MmapError) => [error.message, error.code, error.syscall, error.osError];
  assertEquals(told(systemError("to open it", FAILURE)), [
    "The system refused to open it: open failed with ENOENT (2)",
    "ENOENT",
    "open",
    2,
  ]);
  assertEquals(told(systemError("to open it", meaning(FAILURE, "ENOTSUP", "make the folder"))), [
    "The system refused to open it: open failed with ENOENT (2), make the folder",
    "ENOTSUP",
    "open",
    2,
  ]);
  assertEquals(told(systemError("to make it", refusal("EFBIG", "make it shorter"))), [
    "Refused to make it (EFBIG): make it shorter",
    "EFBIG",
    undefined,
    undefined,
  ]);
  const why = refusal("EINVAL", "it is too high");
  const { message, syscall } = strictHintError(4096n, 1n, why, undefined);
  assertStringIncludes(message, "for 1 bytes (it is too high): choose");
  assertEquals(syscall, undefined);
});

test("noReserve() is an advice only where memory is set aside without it", () => {
  const advice = "or use noReserve()";
  const len = 2 ** 52;
  const messages = [{ len }, { len, noReserve: true }].map((options) => {
    const { code, message } = errorOf(() => new MmapOptions(options).mapAnon())!;
    assert(code === "ENOMEM" || platform === "win32", code); // Windows may call it a wrong length
    return message.includes(advice);
  });
  assertEquals(messages, [platform === "linux", false]);
  const { message } = errorOf(() => new MmapOptions({ len }).reserve())!;
  assert(!message.includes(advice), message);
});

test("shared memory blames another user only for what belongs to one", () => {
  const before = { ...named };
  const code = { current: "" };
  const refuse = () => ({ syscall: "a call", osError: 1, code: code.current });
  const wanted: Readonly<Record<string, readonly [open: string, make: string, remove: string]>> = {
    EROFS: ["mounted read-only", "mounted read-only", "mounted read-only"],
    EACCES: ["another user", "this user may not create", "this user may not create or remove"],
    EPERM: ["forbids the call", "forbids the call", "another user"],
  };
  try {
    Object.assign(named, { open: refuse, create: refuse, remove: refuse, ownerOf: undefined });
    for (const [name, words] of Object.entries(wanted)) {
      code.current = name;
      const options = new MmapOptions({ len: 4096 });
      const found = [
        () => options.mapShared("a"),
        () => options.mapShared("a", { mode: "create" }),
        () => removeShared("a"),
      ].map((call) => errorOf(call)!);
      found.forEach((error, index) => {
        assertEquals([error.code, error.syscall, error.osError], [name, "a call", 1]);
        assertStringIncludes(error.message, words[index]!);
        assertEquals(error.message.includes("another user"), words[index] === "another user");
      });
    }
  } finally {
    Object.assign(named, before);
  }
});

test("a file that its file system does not map is named, with what to do", () => {
  const path = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (!existsSync(path)) return;
  for (const call of CALLS) {
    const { code, syscall, message } = errorOf(() => new MmapOptions()[call](path))!;
    if (code !== "ENODEV") continue; // who is not root may not write, and there it is mounted noexec
    assertEquals([code, syscall], ["ENODEV", "mmap"]);
    assertStringIncludes(message, `of the file "${path}"`);
    assertStringIncludes(message, "read the file, or map a copy");
  }
}, { skip: unlessLinux("sysfs is Linux's") });

test("who has CAP_IPC_LOCK has no limit of locked memory", () => {
  const found = ["0000000000004000", "000001ffffffffff", "0000000000003fff", "0"].map((caps) =>
    mayLock(() => `CapPrm:\tffffffffffffffff\nCapEff:\t${caps}\nCapBnd:\t0\n`)
  );
  assertEquals([...found, mayLock(() => "")], [true, true, false, false, false]);
});
