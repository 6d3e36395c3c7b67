import { assertEquals } from "@std/assert";
import { linuxMemory, type MemoryShortage } from "../../ffi/os/linux/control_groups.ts";
import { test } from "../support/harness.ts";

const MIB = 2 ** 20;
const NO_LIMIT = "9223372036854771712";

type Texts = Readonly<Record<string, string | number>>;

/** A machine with memory enough, and what else its files say; numbers are MiB. */
function machine(texts: Texts, freeSwap = 0): Record<string, string> {
  const all: Texts = {
    "/proc/meminfo": `MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\nSwapFree: ${
      freeSwap * 1024
    } kB\n`,
    ...texts,
  };
  return Object.fromEntries(
    Object.entries(all).map(([path, text]) => [
      path,
      typeof text === "number" ? `${text * MIB}\n` : text,
    ]),
  );
}

function mount(type: "cgroup" | "cgroup2", root: string, point: string, options = "rw"): string {
  return "23 1 0:21 / /proc rw,nosuid - proc proc rw\n" +
    `35 31 0:32 ${root} ${point} rw,nosuid shared:9 master:2 - ${type} ${type} ${options}\n` +
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
}

/** The shortage of so many MiB: the number that there are, and the file of the limit. */
function shortOf(
  texts: Record<string, string>,
  mib: number,
): [left: number, path?: string] | "none" {
  return told(linuxMemory((path) => texts[path] ?? "")(BigInt(mib * MIB)));
}

function told(shortage: MemoryShortage | undefined): [left: number, path?: string] | "none" {
  if (shortage === undefined) return "none";
  const left = Number(shortage.byteLength) / MIB;
  return shortage.limit === undefined ? [left] : [left, shortage.limit.path];
}

const V2: Texts = {
  "/proc/self/cgroup": "0::/system.slice/app.service\n",
  "/proc/self/mountinfo": mount("cgroup2", "/", "/sys/fs/cgroup"),
};
const SLICE = "/sys/fs/cgroup/system.slice";
const APP = `${SLICE}/app.service`;

test("the limits of all control groups above count, less what is used", () => {
  for (const folder of [APP, SLICE, "/sys/fs/cgroup"]) {
    const files: Texts = {
      [`${APP}/memory.max`]: "max\n",
      [`${APP}/memory.current`]: 60,
      [`${folder}/memory.max`]: 512,
      [`${folder}/memory.current`]: 312,
    };
    const texts = machine({ ...V2, ...files });
    assertEquals(shortOf(texts, 180), "none");
    assertEquals(shortOf(texts, 180.5), [200, `${folder}/memory.max`]);
  }
});

test("control groups of version 1 limit as well, whatever controllers are beside memory", () => {
  const folder = "/sys/fs/cgroup/memory/docker/abc";
  for (
    const [controllers, options] of [["memory", "rw,memory"], [
      "cpu,memory,pids",
      "rw,cpu,memory,pids",
    ]]
  ) {
    const texts = machine({
      "/proc/self/cgroup": `9:name=systemd:/\n4:${controllers}:/docker/abc\n3:cpuset:/x\n0::/\n`,
      "/proc/self/mountinfo": mount("cgroup", "/", "/sys/fs/cgroup/memory", options),
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": NO_LIMIT,
      [`${folder}/memory.limit_in_bytes`]: 512,
      [`${folder}/memory.usage_in_bytes`]: 412,
    });
    assertEquals(shortOf(texts, 90), "none");
    assertEquals(shortOf(texts, 91), [100, `${folder}/memory.limit_in_bytes`]);
  }
});

test("a group that only has a similar name to memory's limits nothing", () => {
  const texts = machine({
    "/proc/self/cgroup": "4:name=memory:/a\n3:memory2:/a\n",
    "/proc/self/mountinfo": mount("cgroup", "/", "/m", "rw,name=memory"),
    "/m/a/memory.limit_in_bytes": 1,
    "/m/a/memory.usage_in_bytes": 1,
  });
  assertEquals(shortOf(texts, 100), "none");
});

test("the page cache can be taken back, and counts as room", () => {
  const stat = (prefix: string) =>
    `anon ${50 * MIB}\nfile ${450 * MIB}\nshmem ${100 * MIB}\n` +
    `${prefix}inactive_file ${200 * MIB}\n${prefix}active_file ${100 * MIB}\n` +
    `inactive_anon ${MIB}\nslab_reclaimable ${prefix === "" ? 10 * MIB : 0}\n` +
    `workingset_refault_file ${MIB}\n`;
  const second = machine({
    ...V2,
    [`${APP}/memory.max`]: 512,
    [`${APP}/memory.current`]: 512,
    [`${APP}/memory.stat`]: stat(""),
  });
  assertEquals(shortOf(second, 279), "none");
  assertEquals(shortOf(second, 280), [310, `${APP}/memory.max`]);
  const first = machine({
    "/proc/self/cgroup": "4:memory:/\n",
    "/proc/self/mountinfo": mount("cgroup", "/", "/m", "rw,memory"),
    "/m/memory.limit_in_bytes": 512,
    "/m/memory.usage_in_bytes": 512,
    // That of the group itself, and with those below it.
    "/m/memory.stat": `inactive_file ${MIB}\nactive_file ${MIB}\n${stat("total_")}`,
  });
  assertEquals(shortOf(first, 270), "none");
  assertEquals(shortOf(first, 271), [300, "/m/memory.limit_in_bytes"]);
});

test("swap space that is free counts as room, as far as the groups may use it", () => {
  const full = { [`${APP}/memory.max`]: 512, [`${APP}/memory.current`]: 512 };
  const left = (files: Texts, freeSwap: number) =>
    shortOf(machine({ ...V2, ...full, ...files }, freeSwap), 5000)[0];
  assertEquals(left({}, 0), 0);
  assertEquals(left({}, 100), 100);
  const limited = { [`${APP}/memory.swap.max`]: 60, [`${APP}/memory.swap.current`]: 20 };
  assertEquals(left(limited, 100), 40);
  assertEquals(left(limited, 10), 10);
  assertEquals(left({ ...limited, [`${APP}/memory.swap.max`]: "max\n" }, 100), 100);
  const above = { [`${SLICE}/memory.max`]: "max\n", [`${SLICE}/memory.swap.max`]: 0 };
  assertEquals(left({ ...above, [`${SLICE}/memory.swap.current`]: 0 }, 100), 0);
});

test("version 1 limits memory and swap space together", () => {
  const left = (both: number | string, used: number) =>
    shortOf(
      machine({
        "/proc/self/cgroup": "4:memory:/\n",
        "/proc/self/mountinfo": mount("cgroup", "/", "/m", "rw,memory"),
        "/m/memory.limit_in_bytes": 512,
        "/m/memory.usage_in_bytes": 500,
        "/m/memory.memsw.limit_in_bytes": both,
        "/m/memory.memsw.usage_in_bytes": used,
      }, 1000),
      5000,
    )[0];
  assertEquals(left(512, 500), 12);
  assertEquals(left(1024, 700), 324);
  assertEquals(left(NO_LIMIT, 700), 1012);
});

test("a mount that shows a part of the groups is taken for that part", () => {
  const cases: readonly (readonly [group: string, root: string, folders: readonly string[]])[] = [
    ["/docker/abc", "/docker/abc", ["/c"]], // a container without a namespace of its own
    ["/docker/abc/x/y", "/docker/abc", ["/c", "/c/x", "/c/x/y"]],
    ["/docker/abcd", "/docker/abc", []], // another one
    ["/", "/", ["/c"]], // of a namespace, and mounted in it
    ["/x", "/", ["/c", "/c/x"]],
    ["/x", "/../..", ["/c"]], // mounted before there was the namespace
    ["/../x", "/..", ["/c", "/c/x"]],
    ["/../x", "/", []], // was moved out of it
    ["/../../x", "/..", []],
    ["/a b", "/", ["/c", "/c/a b"]],
  ];
  for (const [group, root, folders] of cases) {
    const asked: string[] = [];
    const texts: Record<string, string> = machine({
      "/proc/self/cgroup": `0::${group}\n`,
      "/proc/self/mountinfo": mount("cgroup2", root, "/c"),
    });
    linuxMemory((path) => {
      if (path.endsWith("/memory.max")) asked.push(path.slice(0, -"/memory.max".length));
      return texts[path] ?? "";
    })(1n);
    assertEquals(asked, folders, `${group} of ${root}`);
  }
});

test("a mount point with spaces is found", () => {
  const texts = machine({
    "/proc/self/cgroup": "0::/a\\x2db\n",
    "/proc/self/mountinfo": mount("cgroup2", "/", "/my\\040groups"),
    "/my groups/a\\x2db/memory.max": 1,
    "/my groups/a\\x2db/memory.current": 1,
  });
  assertEquals(shortOf(texts, 5), [0, "/my groups/a\\x2db/memory.max"]);
});

test("a process that is put into another group has its limit", () => {
  const texts = machine({
    ...V2,
    [`${APP}/memory.max`]: "max\n",
    "/sys/fs/cgroup/small/memory.max": 64,
    "/sys/fs/cgroup/small/memory.current": 4,
  });
  const room = linuxMemory((path) => texts[path] ?? "");
  const wanted = BigInt(100 * MIB);
  assertEquals(told(room(wanted)), "none");
  texts["/proc/self/cgroup"] = "0::/small\n";
  assertEquals(told(room(wanted)), [60, "/sys/fs/cgroup/small/memory.max"]);
});

test("what is not told limits nothing, and the machine does in any case", () => {
  assertEquals(shortOf({}, 2 ** 30), "none");
  const [meminfo] = Object.values(machine({}, 1000));
  assertEquals(shortOf({ "/proc/meminfo": meminfo! }, 9000), [8000000 / 1024 + 1000]);
  const limit = { [`${APP}/memory.max`]: 1, [`${APP}/memory.current`]: 1 };
  for (const missing of Object.keys({ ...V2, [`${APP}/memory.current`]: 1 })) {
    const texts = machine({ ...V2, ...limit });
    delete texts[missing];
    assertEquals(shortOf(texts, 100), "none");
  }
});
