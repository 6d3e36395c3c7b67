/**
 * Memory that threads and processes share: handed over, waited on, and sent through.
 *
 * @module
 */
import { type Benchmark, GIB, KIB, MIB } from "./benchmark.ts";
import { c, floor, nothing, npm, own, sysalloc } from "./contenders.ts";

const SHARE = "sharing.ts";
const WAKE = "waking.ts";

/** Sharing. */
export const sharing: readonly Benchmark[] = [
  {
    name: "hand-over",
    title: "Memory handed to a worker",
    counted: "memory that a worker was sent, looked at the last byte of, and answered for",
    sizes: [64 * KIB, 16 * MIB, GIB],
    quick: 16 * MIB,
    operations: () => 200,
    contenders: [
      ...sysalloc(SHARE, "ticket/hand-over", { name: "sysalloc, share()" }),
      ...floor(SHARE, "hand-over"),
      ...nothing("a message without memory", SHARE, "message/hand-over"),
      ...own("SharedArrayBuffer", SHARE, "shared/hand-over"),
      ...own("structured clone", SHARE, "clone/hand-over", {
        fewer: () => 200,
      }),
    ],
    seconds: 56,
  },
  {
    name: "share-named",
    title: "Named shared memory",
    counted: "memory with a name that was made, stored to in its first byte, unmapped, and removed",
    sizes: [4 * KIB, MIB, 256 * MIB],
    quick: MIB,
    operations: (size) => size <= MIB ? 200 : 2, // sysalloc sets the memory aside
    contenders: [
      ...sysalloc(SHARE, "sysalloc/share-named"),
      ...floor(SHARE, "share-named"),
      ...c(SHARE, "share-named"),
      npm("shm-typed-array", "share-named"),
    ],
    seconds: 10,
  },
  {
    name: "wake-process",
    title: "Ping-pong between two processes",
    counted: "a round trip",
    sizes: [0],
    quick: 0,
    operations: () => 2000,
    file: "words",
    contenders: [
      ...sysalloc(WAKE, "sysalloc/wake-process", { name: "sysalloc, wait() and notify()" }),
      ...own("child_process messages", WAKE, "messages/wake-process"),
    ],
    seconds: 10,
  },
  {
    name: "wake-thread",
    title: "Ping-pong between two threads",
    counted: "a round trip",
    sizes: [0],
    quick: 0,
    operations: () => 2000,
    file: "words",
    contenders: [
      ...sysalloc(WAKE, "sysalloc/wake-thread", { name: "sysalloc, wait() and notify()" }),
      ...floor(WAKE, "wake-thread"),
      ...own("Atomics.wait() and notify()", WAKE, "atomics/wake-thread"),
    ],
    behind: "both are the same system call, which sysalloc makes through the FFI",
    seconds: 10,
  },
];
