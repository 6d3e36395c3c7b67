// Locks more than this process may, and less.
import { readFileSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { MmapOptions } from "../../mod.ts";
import { lockedByteLength } from "../support/memory_map.ts";
import { withoutOtherUsers } from "../support/temp_files.ts";

const limit = Number(process.argv[2]);
const { setrlimit, seteuid } = currentRuntime().open("libc.so.6", {
  // int setrlimit(int resource, const struct rlimit *rlim)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int seteuid(uid_t euid)
  seteuid: { parameters: ["u32"], result: "i32" },
});
const RLIMIT_MEMLOCK = 8;
const limits = new BigUint64Array(2).fill(BigInt(limit));
if (setrlimit(RLIMIT_MEMLOCK, new Uint8Array(limits.buffer)) !== 0) throw new Error("setrlimit");

const status = readFileSync("/proc/self/status", "utf8");
// Root has no limit, but where it is root of a namespace alone, without other users.
const isRoot = /^Uid:\s*0/m.test(status) && withoutOtherUsers() === undefined;

const mmap = new MmapOptions({ len: 2 * limit }).mapAnon();
mmap.lock(0, 1); // opened before: who is not root may not be able to
mmap.unlock();
if (isRoot && seteuid(65_534) !== 0) throw new Error("seteuid");
let error: unknown;
try {
  mmap.lock();
} catch (thrown) {
  const { name, code, syscall, message } = thrown as Error & { code: string; syscall: string };
  error = { name, code, syscall, message };
}
const before = lockedByteLength();
mmap.lock(0, limit / 2);
console.log(JSON.stringify({ error, locked: before, within: lockedByteLength() }));
