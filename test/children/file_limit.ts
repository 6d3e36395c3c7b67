// Makes files longer than the process may, and shorter ones.
import { readdirSync, statSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { type Mmap, type MmapError, MmapOptions, regions, removeShared } from "../../mod.ts";
import { openDescriptors, TempFolder } from "../support/temp_files.ts";
import { FOLDER } from "../support/shared_names.ts";

const name = process.argv[2]!;
const MIB = 2 ** 20;
const LIMIT = 1024 * MIB; // more than Deno's own caches, where the signal would be Deno's fault
const mode = "create";

const { getrlimit, setrlimit } = currentRuntime().open("libc.so.6", {
  // int getrlimit(int resource, struct rlimit *rlim)
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *rlim)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});
const RLIMIT_FSIZE = 1;
const limits = new BigUint64Array(2);
const limitBytes = new Uint8Array(limits.buffer);
getrlimit(RLIMIT_FSIZE, limitBytes);
limits[0] = BigInt(LIMIT);
if (setrlimit(RLIMIT_FSIZE, limitBytes) !== 0) throw new Error("setrlimit");

const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(4096));
const sparse = folder.sparse("sparse", LIMIT);
const mmap = new MmapOptions().mapMut(path);
const long = new MmapOptions().mapMut(sparse);
mmap.view(Uint8Array, 0, 1)[0] = 1;

const attempts = [
  () => mmap.resize(LIMIT + 1),
  () => mmap.resize(2 ** 40),
  () => long.resize(LIMIT + 1),
  () => new MmapOptions({ len: LIMIT + 1 }).mapShared(name, { mode }),
  () => new MmapOptions({ len: LIMIT + 1, noReserve: true }).mapShared(name, { mode }),
];
const used = () => ({
  descriptors: openDescriptors(),
  regions: regions().filter((region) => region.path !== undefined).length,
});
const refused = (attempt: () => unknown) => {
  try {
    attempt();
    throw new Error("It was not refused");
  } catch (error) {
    const { name, code, syscall, osError, message } = error as MmapError;
    return { name, code, syscall, osError, message };
  }
};
refused(attempts[0]!); // what is opened once
const before = used();
const refusals = attempts.map(refused);
const after = used();
const left = {
  descriptors: after.descriptors - before.descriptors,
  regions: after.regions - before.regions,
  names: readdirSync(FOLDER).filter((entry) => entry.includes(name)),
  fileByteLength: statSync(path).size,
};

// What is allowed goes on.
mmap.resize(LIMIT);
const last = (mmap: Mmap) => mmap.view(Uint8Array, LIMIT - 1, 1);
last(mmap)[0] = 2;
const shared = new MmapOptions({ len: LIMIT, noReserve: true }).mapShared(name, { mode });
last(shared)[0] = 3;
const bytes = [mmap.view(Uint8Array, 0, 1)[0], last(mmap)[0], last(shared)[0]];
for (const each of [mmap, long, shared]) each.unmap();
removeShared(name);
folder[Symbol.dispose]();
console.log(JSON.stringify({ refusals, left, bytes }));
