// Makes shared memory in a control group: more than its limit, as much as is left of it
// beside other memory, and less.
import { writeFileSync } from "node:fs";
import { type MmapError, MmapOptions, removeShared } from "../../mod.ts";

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
const above = made(1024 * MIB);
const held = new MmapOptions({ len: 250 * MIB }).populate().mapAnon();
const beside = made(280 * MIB); // on its own it would fit
held.unmap();
const within = made(200 * MIB);
console.log(JSON.stringify({ above, beside, within }));
