import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Fact } from "../../cli/fact.ts";
import { LINUX_QUESTIONS } from "../../cli/linux.ts";
import { filesIn, identityOf } from "../../cli/mappers.ts";
import { bold, width } from "../../cli/output.ts";
import { kindOf } from "../../cli/shared.ts";
import { columns, count, printable, shortened, size, wrapped } from "../../cli/text.ts";
import { test } from "../support/harness.ts";

test("size() words bytes in the unit in which they are shortest", () => {
  const words = [0, 1, 1023, 1024, 4096, 1536, 1_047_552, 2 ** 20 - 1, 2 ** 20, 2 ** 40, 2 ** 53];
  assertEquals(words.map(size), [
    "0 bytes",
    "1 bytes",
    "1023 bytes",
    "1 KiB",
    "4 KiB",
    "1.5 KiB",
    "1023 KiB",
    "1 MiB",
    "1 MiB",
    "1 TiB",
    "8 PiB",
  ]);
});

test("count() sets a comma at each third digit", () => {
  assertEquals([0, 999, 1000, 65530, 2 ** 31].map(count), [
    "0",
    "999",
    "1,000",
    "65,530",
    "2,147,483,648",
  ]);
});

test("columns() is never less than a terminal takes", () => {
  assertEquals(["", "abc", "é", "日本", "\u{1f600}"].map(columns), [0, 3, 1, 4, 2]);
});

test("printable() shows what a terminal would obey", () => {
  assertEquals(
    ["a b", "é日\u{1f600}", "a\nb", "\x1b[31mred", "\x9b1m", "\u202eabc", "\u2028", "\ud800"].map(
      printable,
    ),
    [
      "a b",
      "é日\u{1f600}",
      "a\\u{a}b",
      "\\u{1b}[31mred",
      "\\u{9b}1m",
      "\\u{202e}abc",
      "\\u{2028}",
      "\\u{d800}",
    ],
  );
});

test("shortened() keeps the end, within the columns", () => {
  assertEquals(
    [
      shortened("/lib/libc.so.6", 14),
      shortened("/lib/libc.so.6", 9),
      shortened("日本語日本語", 7),
      shortened("日本語日本語", 6),
    ],
    ["/lib/libc.so.6", "...c.so.6", "...本語", "...語"],
  );
  for (let most = 1; most < 30; most++) {
    assertStrictEquals(columns(shortened("/a/日本語/\u{1f600}/file name.bin", most)) <= most, true);
  }
});

test("wrapped() breaks between words, and within those that are too long", () => {
  assertEquals(wrapped("one two three", 9, 2), ["  one two", "  three"]);
  assertEquals(wrapped("one 1234567890 two", 8, 2), ["  one", "  123456", "  7890", "  two"]);
  assertEquals(wrapped("", 80, 4), []);
});

/** Asks a question of a system that has these files. */
function ask(name: string, files: Readonly<Record<string, string>>): unknown {
  const question = LINUX_QUESTIONS.find((question) => question.name === name)!;
  const found = question.look((path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`${path} was read`);
    return text;
  }) as Fact | undefined;
  return found && [found.value, found.text];
}

test("info reads the limits of a process", () => {
  const ended = (line: string) => ({
    "/proc/self/limits":
      `Limit                     Soft Limit           Hard Limit           Units     
Max data size             unlimited            unlimited            bytes     
${line}
`,
  });
  assertEquals(
    [
      "Max locked memory         8388608              8388608              bytes     ",
      "Max locked memory         65536                8388608              bytes     ",
      "Max locked memory         65536                unlimited            bytes     ",
      "Max locked memory         unlimited            unlimited            bytes     ",
      "Max file locks            unlimited            unlimited            locks     ",
    ].map((line) => ask("lockedMemory", ended(line))),
    [
      [{ soft: 8388608, hard: 8388608 }, "8 MiB"],
      [{ soft: 65536, hard: 8388608 }, "64 KiB, up to 8 MiB"],
      [{ soft: 65536, hard: null }, "64 KiB, may be raised"],
      [{ soft: null, hard: null }, "no limit"],
      undefined,
    ],
  );
});

test("info finds the least memory limit of the control groups around a process", () => {
  const v2 = "/sys/fs/cgroup";
  const v1 = "/sys/fs/cgroup/memory";
  const none = "9223372036854771712\n";
  const mounts = {
    "/proc/self/mountinfo": `1 0 0:1 / ${v2} rw - cgroup2 cgroup2 rw\n` +
      `2 0 0:2 / ${v1} rw - cgroup cgroup rw,memory\n`,
  };
  assertEquals(
    [
      ask("memoryLimit", {
        ...mounts,
        "/proc/self/cgroup": "0::/a/b\n",
        [`${v2}/a/b/memory.max`]: "max\n",
        [`${v2}/a/memory.max`]: "1048576\n",
        [`${v2}/memory.max`]: "2097152\n",
      }),
      ask("memoryLimit", {
        ...mounts,
        "/proc/self/cgroup": "0::/a\n",
        [`${v2}/a/memory.max`]: "max\n",
        [`${v2}/memory.max`]: "max\n",
      }),
      ask("memoryLimit", {
        ...mounts,
        "/proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/a\n1:name=systemd:/y\n",
        [`${v1}/a/memory.limit_in_bytes`]: none,
        [`${v1}/memory.limit_in_bytes`]: "4194304\n",
      }),
      // What a container sees of its own group.
      ask("memoryLimit", {
        "/proc/self/mountinfo": `2 0 0:2 /docker/abc ${v1} ro - cgroup cgroup rw,memory\n`,
        "/proc/self/cgroup": "4:memory:/docker/abc\n",
        [`${v1}/memory.limit_in_bytes`]: "8388608\n",
      }),
      ask("memoryLimit", {
        ...mounts,
        "/proc/self/cgroup": "4:memory:/\n",
        [`${v1}/memory.limit_in_bytes`]: none,
      }),
      ask("memoryLimit", { ...mounts, "/proc/self/cgroup": "" }),
    ],
    [
      [1048576, "1 MiB"],
      [null, "no limit"],
      [4194304, "4 MiB"],
      [8388608, "8 MiB"],
      [null, "no limit"],
      undefined,
    ],
  );
});

test("info suggests no limit of mappings above what the kernel takes", () => {
  const raise = (count: number) =>
    LINUX_QUESTIONS.find(({ name }) => name === "maxMapCount")!.look(() => `${count}\n`)!.raise;
  const counts = [65_530, 262_144, 2 ** 30, 2 ** 31 - 1];
  assertEquals(counts.map((count) => /=(\d+),/.exec(raise(count) ?? "")?.[1]), [
    "262144",
    "524288",
    "2147483647",
    undefined,
  ]);
  assertStrictEquals(raise(2 ** 31 - 1), undefined);
});

test("info words overcommit, huge pages and the commit limit", () => {
  const meminfo = {
    "/proc/meminfo":
      "MemTotal:       16384 kB\nMemAvailable:    8192 kB\nCommitLimit:     4096 kB\n" +
      "Committed_AS:    1024 kB\nHugePages_Total:       4\nHugePages_Free:        1\n" +
      "Hugepagesize:       2048 kB\n",
  };
  const thp = "/sys/kernel/mm/transparent_hugepage/enabled";
  assertEquals(
    [
      ...["0", "1", "2", "7"].map((mode) =>
        ask("overcommit", { "/proc/sys/vm/overcommit_memory": `${mode}\n` })
      ),
      ask("hugePages", meminfo),
      ask("commitLimit", meminfo),
      ask("memory", meminfo),
      ask("hugePages", { "/proc/meminfo": "MemTotal: 1 kB\n" }),
      ask("transparentHugePages", { [thp]: "always [madvise] never\n" }),
      ask("maxMapCount", { "/proc/sys/vm/max_map_count": "65530\n" }),
    ],
    [
      [0, "0 (heuristic)"],
      [1, "1 (always)"],
      [2, "2 (never)"],
      [7, "7 (unknown)"],
      [{ byteLength: 2097152, total: 4, free: 1 }, "2 MiB each, 1 of 4 free"],
      [{ limit: 4194304, committed: 1048576 }, "4 MiB, 1 MiB committed"],
      [
        { total: 16777216, available: 8388608, swap: 0, swapFree: 0 },
        "16 MiB, 8 MiB available, no swap",
      ],
      undefined,
      ["madvise", "madvise"],
      [65530, "65,530"],
    ],
  );
});

test("shared tells memory of this user from that of others, and from other things", () => {
  assertEquals(
    [
      kindOf("name", 1000, 0o100600, 1000),
      kindOf("name", 1000, 0o100644, 1000),
      kindOf("name", 1000, 0o100620, 1000),
      kindOf("name", 1000, 0o100602, 1000),
      kindOf("name", 1000, 0o100600, 0),
      kindOf("sem.name", 1000, 0o100600, 1000),
      kindOf(".sysalloc-Ab", 1000, 0o100600, 1000),
    ],
    ["memory", "memory", "foreign", "foreign", "foreign", "semaphore", "unfinished"],
  );
});

test("shared finds files in /proc/PID/maps by device and inode", () => {
  const maps = `7f0-7f1 rw-s 00000000 00:1b 17407                  /dev/shm/a name
7f1-7f2 r--p 00000000 103:02 12 /lib/libc.so.6
7f2-7f3 rw-s 00001000 00:1b 17407                  /dev/shm/a name
7f3-7f4 rw-p 00000000 00:00 0 
`;
  assertEquals([...filesIn(maps)], ["00:1b 17407", "103:02 12", "00:00 0"]);
  // makedev(0, 27), makedev(0x103, 2) and makedev(0, 0x12345)
  assertEquals([27, 0x10302, 0x12300045].map((dev) => identityOf({ dev, ino: 5 })), [
    "00:1b 5",
    "103:02 5",
    "00:12345 5",
  ]);
  assertEquals(filesIn(""), new Set());
});

test("bold() and width() heed the terminal and NO_COLOR", () => {
  const { stdout, env } = process;
  const before = ["isTTY", "columns"].map((name) =>
    [name, Object.getOwnPropertyDescriptor(stdout, name)] as const
  );
  const noColor = env["NO_COLOR"];
  const terminal = (isTTY: boolean, columns: number) => {
    Object.defineProperty(stdout, "isTTY", { value: isTTY, configurable: true });
    Object.defineProperty(stdout, "columns", { value: columns, configurable: true });
  };
  try {
    delete env["NO_COLOR"];
    terminal(true, 120);
    assertEquals([bold("x"), width()], ["\x1b[1mx\x1b[22m", 120]);
    env["NO_COLOR"] = "1";
    assertStrictEquals(bold("x"), "x");
    delete env["NO_COLOR"];
    terminal(true, 40);
    assertStrictEquals(width(), 80);
    terminal(false, 120);
    assertEquals([bold("x"), width()], ["x", 80]);
  } finally {
    if (noColor !== undefined) env["NO_COLOR"] = noColor;
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(stdout, name);
      else Object.defineProperty(stdout, name, descriptor);
    }
  }
});
