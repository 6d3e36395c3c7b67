// Backs memory, and makes shared memory, in a control group: more than its limit, as much as is
// left of it beside other memory, less, and in many parts until it is full.
import { writeFileSync } from "node:fs";
import { type Mmap, type MmapError, MmapOptions, removeShared } from "../../mod.ts";

const [folder = "", name = ""] = process.argv.slice(2);
const MIB = 2 ** 20;

writeFileSync(`${folder}/cgroup.procs`, String(process.pid));

const made = (len: number) => {
  try {
    new MmapOptions({ len }).mapShared(name, { mode: "create" }).unmap();
    removeShared(name);
    return { code: "", syscall: "", message: "" };
  } catch (error) {
    const { code, syscall, message } = error as MmapError;
    return { code, syscall, message };
  }
};
const outcome = async (call: () => unknown) => {
  try {
    await call();
    return { code: "", syscall: "", message: "" };
  } catch (error) {
    const { code, syscall, message } = error as MmapError;
    return { code, syscall, message };
  }
};
const populated = (len: number) =>
  outcome(() => new MmapOptions({ len }).populate().mapAnon().unmap());
const prefaulted = (len: number) =>
  outcome(async () => {
    const mmap = new MmapOptions({ len }).mapAnon();
    try {
      await mmap.prefault();
      await mmap.prefault(); // what is backed already is not asked for again
    } finally {
      mmap.unmap();
    }
  });
const backed = [await populated(1024 * MIB), await prefaulted(1024 * MIB)];
const guarded = await outcome(() =>
  new MmapOptions({ len: 1024 * MIB }).populate().guard(4096).mapAnon()
);
const mirrored = (len: number) =>
  outcome(() => new MmapOptions({ len }).populate().mapMirrored().unmap());
const fitting = [
  await populated(200 * MIB),
  await prefaulted(250 * MIB),
  await mirrored(250 * MIB), // its bytes are there once
];
const large = new MmapOptions({ len: 1024 * MIB }).noReserve();
const anonymous = large.mapAnon();
const named = large.mapShared(name, { mode: "create" });
const calls = [
  () => anonymous.lock(),
  () => anonymous.advise("populate-write"),
  () => named.lock(),
  () => named.advise("populate-read"),
  () => named.prefault(),
  () => new MmapOptions().populate().mapShared(name),
  () => new MmapOptions().populate().guard().mapShared(name),
];
const others = [await mirrored(1024 * MIB)];
for (const call of calls) others.push(await outcome(call));
anonymous.unmap();
named.unmap();
removeShared(name);
const above = made(1024 * MIB);
const held = new MmapOptions({ len: 250 * MIB }).populate().mapAnon();
const beside = made(280 * MIB); // on its own it would fit
held.unmap();
const within = made(200 * MIB);
const crowd: Mmap[] = [];
const crowded = await outcome(() => {
  for (;;) {
    crowd.push(new MmapOptions({ len: 3 * MIB }).mapShared(name, { mode: "create" }));
    removeShared(name);
  }
});
for (const mmap of crowd) mmap.unmap();
const refused = [...backed, guarded, ...others, crowded];
console.log(JSON.stringify({ above, beside, within, refused, fitting }));
