// Makes shared memory where there is little room, or (with "elsewhere") where /dev/shm is no
// tmpfs, or ("no-proc") where /proc is missing, in a namespace of its own, and prints what came
// of it.
import { readdirSync } from "node:fs";
import { currentRuntime, host } from "../../ffi/host.ts";
import { MmapOptions } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";

const [name = "", kind = ""] = process.argv.slice(2);
const mode = "create";
const cString = (text: string) => new TextEncoder().encode(`${text}\0`);
void host().os.pageSize;
const { unshare, mount } = currentRuntime().open("libc.so.6", {
  // int unshare(int flags)
  unshare: { parameters: ["i32"], result: "i32" },
  // int mount(const char *source, const char *target, const char *filesystemtype,
  //   unsigned long mountflags, const void *data)
  mount: { parameters: ["buffer", "buffer", "buffer", "usize", "buffer"], result: "i32" },
});
const [CLONE_FS, CLONE_NEWNS] = [0x200, 0x2_0000];
const [MS_BIND, MS_REC, MS_PRIVATE] = [0x1000n, 0x4000n, 0x4_0000n];
const must = (result: number) => {
  if (result !== 0) throw new Error("It cannot be mounted");
};
must(unshare(CLONE_FS | CLONE_NEWNS));
const none = cString("none");
must(mount(none, cString("/"), none, MS_REC | MS_PRIVATE, none));
if (kind === "elsewhere") {
  must(mount(cString("/proc"), cString("/dev/shm"), none, MS_BIND, none));
  const options = new MmapOptions({ len: 4096 });
  const modes = ["create", "open-or-create"] as const;
  console.log(JSON.stringify(modes.map((mode) => codeOf(() => options.mapShared(name, { mode })))));
} else if (kind === "no-proc") {
  const tmpfs = cString("tmpfs");
  must(mount(tmpfs, cString("/dev/shm"), tmpfs, 0n, cString("")));
  must(mount(tmpfs, cString("/proc"), tmpfs, 0n, cString("")));
  const options = new MmapOptions({ len: 4096 });
  const codes = (["create", "create", "open"] as const).map((mode) =>
    codeOf(() => options.mapShared(name, { mode }).bytes[0] = 7)
  );
  const names = readdirSync("/dev/shm");
  const shared = options.mapShared(name).bytes[0];
  console.log(JSON.stringify({ codes, names, shared }));
} else {
  const size = cString("size=1m");
  must(mount(cString("tmpfs"), cString("/dev/shm"), cString("tmpfs"), 0n, size));
  const len = 2 ** 21;
  const reserved = codeOf(() => new MmapOptions({ len }).mapShared(name, { mode }));
  const mmap = new MmapOptions({ len, noReserve: true }).mapShared(name, { mode });
  const { bytes } = mmap;
  bytes.fill(1); // the second half has no room
  const [first, last] = [bytes[0], bytes[len - 1]]; // what is stored there goes nowhere else
  const other = new MmapOptions({ len }).mapShared(name).bytes[len - 1];
  const read = [0, len - 1].map((at) => codeOf(() => mmap.read(new Uint8Array(1), at)));
  const isLost = mmap.lostByteLength >= len / 2 && mmap.lostByteLength < len;
  console.log(JSON.stringify({ reserved, first, last, other, isLost, read }));
}
