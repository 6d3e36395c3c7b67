/**
 * The command `sysalloc regions`.
 *
 * @module
 */
import { MmapError, type Region, type RegionAccess, regions } from "../mod.ts";
import { type Arguments, UsageError } from "./usage.ts";
import { table } from "./output.ts";
import { count, printable, size } from "./text.ts";

/** Access in the notation of `/proc/PID/maps`. */
const LETTERS: Readonly<Record<RegionAccess, string>> = {
  "none": "---",
  "read": "r--",
  "read-write": "rw-",
  "copy-on-write": "rw-",
  "read-execute": "r-x",
  "execute": "--x",
  "read-write-execute": "rwx",
  "copy-on-write-execute": "rwx",
};

/** Returns the mappings of a process, as a table or as JSON. */
export function listRegions({ json, resident, operands }: Arguments): string {
  const mappings = regionsOf(pidOf(operands), resident);
  return json ? asJson(mappings) : asTable(mappings, resident);
}

function pidOf([pid, ...others]: readonly string[]): number | undefined {
  if (others.length > 0) throw new UsageError("The command regions takes one process ID");
  if (pid === undefined) return undefined;
  if (!/^[0-9]+$/.test(pid)) {
    throw new UsageError(`Expected a process ID, got ${JSON.stringify(pid)}`);
  }
  return Number(pid);
}

function regionsOf(pid: number | undefined, resident: boolean): readonly Region[] {
  try {
    return regions({ pid, resident });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (error instanceof MmapError && error.code === "ENOTSUP") {
      throw new UsageError("The mappings of another process can be listed only on Linux");
    }
    throw error;
  }
}

function asJson(mappings: readonly Region[]): string {
  const plain = mappings.map(({ address, ...rest }) => ({
    address: `0x${address.toString(16)}`,
    ...rest,
  }));
  return `${JSON.stringify(plain, undefined, 2)}\n`;
}

function asTable(mappings: readonly Region[], resident: boolean): string {
  const rows = mappings.map((region) => [
    `0x${region.address.toString(16)}`,
    size(region.byteLength),
    LETTERS[region.access] + (region.isShared ? "s" : "p"),
    ...(resident ? [size(region.residentByteLength ?? 0)] : []),
    nameOf(region),
  ]);
  const heads = ["ADDRESS", "LENGTH", "ACCESS", ...(resident ? ["RESIDENT"] : []), "PATH OR NAME"];
  return table(heads, rows, summary(mappings, resident));
}

/** The path, or the name in the notation of `/proc/PID/maps`. */
function nameOf({ path, isDeleted, name }: Region): string {
  if (path !== undefined) return printable(path) + (isDeleted ? " (deleted)" : "");
  if (name === undefined || name.startsWith("[")) return name ?? "";
  return printable(`[anon:${name}]`);
}

function summary(mappings: readonly Region[], resident: boolean): string {
  const sum = (lengthOf: (region: Region) => number) =>
    size(mappings.reduce((sum, region) => sum + lengthOf(region), 0));
  const noun = mappings.length === 1 ? "mapping" : "mappings";
  const inRam = resident ? `, ${sum((region) => region.residentByteLength ?? 0)} in RAM` : "";
  return `${count(mappings.length)} ${noun}, ${
    sum((region) => region.byteLength)
  } of address space${inRam}`;
}
