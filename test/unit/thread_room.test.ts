import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { linuxRoom } from "../../ffi/os/linux/room.ts";
import { linuxThreadLimits, linuxUsedMemory } from "../../ffi/os/linux/thread_room.ts";
import { posixThreadRoom, type ThreadFacts } from "../../ffi/os/posix/thread_room.ts";
import { test } from "../support/harness.ts";
import { Reading, simulatedLibrary, SimulatedRuntime, textOf } from "../support/simulated/mod.ts";

const [RLIMIT_DATA, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_AS] = [2, 6, 7, 9];
const UNLIMITED = 2n ** 64n - 1n;
const NEEDS = { descriptors: 12, addressBytes: 1000, dataBytes: 100, threads: 0 };
const LIMITS: ThreadFacts = { RLIMIT_NOFILE, used: linuxUsedMemory, threads: linuxThreadLimits };

/** A system with these limits, and these descriptors open. */
function system(
  limits: Readonly<Record<number, bigint>>,
  isOpen: (descriptor: number) => boolean = () => false,
): SimulatedRuntime {
  let reading: Reading;
  return new SimulatedRuntime({
    getrlimit(resource: number, target: Uint8Array) {
      const limit = limits[resource] ?? UNLIMITED;
      new BigUint64Array(target.buffer).set([limit, UNLIMITED]);
      return 0;
    },
    poll(polled: Uint8Array, count: bigint, timeout: number) {
      assertEquals(timeout, 0);
      assert(count <= (limits[RLIMIT_NOFILE] ?? UNLIMITED), "EINVAL");
      const [POLLIN, POLLNVAL] = [0x1, 0x20];
      const fields = new DataView(polled.buffer);
      for (let at = 0; at < 8 * Number(count); at += 8) {
        assertEquals(fields.getUint16(at + 4, true), 0);
        const event = isOpen(fields.getInt32(at, true)) ? POLLIN : POLLNVAL;
        fields.setUint16(at + 6, event, true);
      }
      return 1;
    },
    open() {
      reading = new Reading("10 5 4 3 0 2 0\n"); // /proc/self/statm
      return 7;
    },
    read: (_file: number, target: Uint8Array) => reading.read(target),
    close: () => 0,
  });
}

const roomOf = (runtime: SimulatedRuntime, limits = LIMITS) => {
  const library = simulatedLibrary(runtime);
  return posixThreadRoom(library, limits, linuxRoom(library));
};

test("there is room for threads where nothing is limited, and nothing is asked then", () => {
  const runtime = system({});
  assertEquals(roomOf(runtime)(NEEDS, 32), undefined);
  assertEquals(runtime.calls, []); // but the limits
});

test("there is room for threads while enough descriptors below the limit are free", () => {
  const room = (limit: number, isOpen: (descriptor: number) => boolean, threads = 1) =>
    roomOf(system({ [RLIMIT_NOFILE]: BigInt(limit) }, isOpen))(NEEDS, threads);
  const below = (count: number) => (descriptor: number) => descriptor < count;
  for (const limit of [20, 1024, 2000]) {
    assertEquals(room(limit, below(limit - 12)), undefined);
    const { code, words } = room(limit, below(limit - 11))!;
    assertEquals(code, "EAGAIN");
    for (const told of [`${limit} descriptors`, "11 are free", "RLIMIT_NOFILE", "ulimit -n"]) {
      assertStringIncludes(words, told);
    }
    // Wherever they are.
    const isEven = (descriptor: number) => descriptor % 2 === 0;
    assertEquals(room(limit, isEven)?.code, limit === 20 ? "EAGAIN" : undefined);
  }
  assertEquals(room(64, below(28), 3), undefined);
  assertStringIncludes(room(64, below(29), 3)!.words, "35 are free, and up to 36 are needed");
  assertStringIncludes(room(5, below(2))!.words, "3 are free");
});

test("only a few descriptors are looked at where the highest ones are free", () => {
  const runtime = system({ [RLIMIT_NOFILE]: 2n ** 20n });
  assertEquals(roomOf(runtime)(NEEDS, 32), undefined);
  assertEquals(runtime.calls.filter(([name]) => name === "poll").length, 1);
});

test("there is room for threads while addresses and data are below their limits", () => {
  for (
    const [resource, used, need, words] of [
      [RLIMIT_AS, 10 * 4096, 1000, ["RLIMIT_AS", "ulimit -v"]],
      [RLIMIT_DATA, 2 * 4096, 100, ["RLIMIT_DATA", "ulimit -d"]],
    ] as const
  ) {
    for (const threads of [1, 4]) {
      const least = used + threads * need;
      const room = (limit: number) => roomOf(system({ [resource]: BigInt(limit) }))(NEEDS, threads);
      assertEquals(room(least), undefined);
      const shortage = room(least - 1)!;
      assertEquals(shortage.code, "ENOMEM");
      for (const told of [...words, `${least - 1} bytes`, `${used} are used`]) {
        assertStringIncludes(shortage.words, told);
      }
    }
  }
});

test("nothing is refused where it cannot be told what is used", () => {
  const untold = new SimulatedRuntime({
    getrlimit(_resource: number, target: Uint8Array) {
      new BigUint64Array(target.buffer).fill(64n);
      return 0;
    },
    poll: () => -1,
    open: () => -1,
    read: () => -1n,
    close: () => 0,
  });
  assertEquals(roomOf(untold)(NEEDS, 1), undefined);
  assertEquals(
    roomOf(untold, { RLIMIT_NOFILE, used: undefined, threads: undefined })(NEEDS, 1),
    undefined,
  );
});

test("threads are refused that a control group, or the user's limit, has no room for", () => {
  const shortage = (max: string, limit: bigint, capabilities: string) => {
    const files: Record<string, string> = {
      "/proc/self/cgroup": "3:pids:/box\n0::/\n",
      "/proc/self/mountinfo": "8 7 0:6 / /groups/pids rw - cgroup none rw,pids\n" +
        "9 7 0:5 / /groups/all rw - cgroup2 none rw\n",
      "/groups/pids/box/pids.max": `${max}\n`,
      "/groups/pids/box/pids.current": "7\n",
      "/proc/self/status": `Threads:\t6\nCapEff:\t${capabilities}\n`,
    };
    let reading: Reading;
    const runtime = new SimulatedRuntime({
      getrlimit(resource: number, target: Uint8Array) {
        new BigUint64Array(target.buffer)[0] = resource === RLIMIT_NPROC ? limit : UNLIMITED;
        return 0;
      },
      open(path: Uint8Array) {
        const text = files[textOf(path)];
        reading = new Reading(text ?? "");
        return text === undefined ? -1 : 7;
      },
      read: (_file: number, target: Uint8Array) => reading.read(target),
      close: () => 0,
      poll: () => 1,
    });
    return roomOf(runtime)({ ...NEEDS, threads: 3 }, 1);
  };
  const none = "0";
  assertEquals(shortage("max", UNLIMITED, none), undefined);
  assertEquals(shortage("10", 9n, none), undefined);
  const ofGroup = shortage("9", UNLIMITED, none)!;
  assertEquals(ofGroup.code, "EAGAIN");
  assertStringIncludes(ofGroup.words, "(/groups/pids/box/pids.max) is 9 threads, there are 7");
  const ofUser = shortage("max", 8n, none)!;
  assertEquals(ofUser.code, "EAGAIN");
  assertStringIncludes(ofUser.words, "RLIMIT_NPROC lets the processes of this user have 8 threads");
  assertEquals(shortage("max", 8n, (1n << 24n).toString(16)), undefined); // CAP_SYS_RESOURCE
});
