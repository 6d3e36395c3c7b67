/**
 * Huge pages on Linux.
 *
 * @module
 */
import { roundUp } from "../../bigints.ts";
import { own } from "../../own.ts";
import { type Failure, meaning } from "../contract/memory.ts";
import type { HugePages } from "../contract/os.ts";
import { POSIX } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import type { PosixMemory } from "../posix/memory.ts";
import { MADV_POPULATE_WRITE, MAP_HUGE_SHIFT, MAP_HUGETLB } from "./calls.ts";

/** The advice if huge pages are refused, by the code of the error. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOMEM: "too few huge pages are free: the administrator sets them aside by sysctl " +
    "vm.nr_hugepages=<count>, those of each length in /sys/kernel/mm/hugepages",
  EINVAL: "the kernel has no huge pages of this length: those that it has are in " +
    "/sys/kernel/mm/hugepages",
};
const LIMITED =
  "the control group may have no more huge pages (hugetlb.<length>.max, or limit_in_bytes): " +
  "raise its limit, or map less";

/** Refuses what would lose huge pages. */
const KEPT: Failure = { syscall: "madvise", osError: 0, code: "ENOTSUP" };

/** Makes the mappers of huge pages. */
export function linuxHuge(
  { open, failed, pageSize }: CLibrary,
  memory: PosixMemory,
): HugePages {
  const { madvise, munmap } = open(POSIX, "madvise", "munmap");
  return {
    pageByteLength: pageSize * pageSize / 8, // as much as one page of the page tables points to

    mapper(pageByteLength) {
      const pages = (byteLength: bigint) => roundUp(byteLength, BigInt(pageByteLength));
      const flags = MAP_HUGETLB | Math.log2(pageByteLength) << MAP_HUGE_SHIFT;
      return {
        map(request) {
          const address = memory.map(request, flags);
          if (typeof address !== "bigint") {
            return { ...address, advice: own(ADVICE, address.code) };
          }
          // The limit of a control group can still refuse a reserved huge page, and a store would
          // then end the process. So the pages are populated now, which older kernels do not
          // support.
          const { byteLength } = request;
          if (madvise(address, byteLength, MADV_POPULATE_WRITE) === 0) return address;
          const refusal = failed("madvise");
          if (refusal.code === "EINVAL") return address;
          munmap(address, byteLength);
          return refusal.code === "EFAULT" ? meaning(refusal, "ENOMEM", LIMITED) : refusal;
        },
        unmap: memory.unmap,
        // Another process could take the freed pages, and a later store would end this process. So
        // plain memory is mapped there.
        vacate: (address, byteLength) => memory.replace(address, pages(byteLength), "read-write"),
        discard: () => KEPT,
        protect: (address, byteLength, to) => memory.protect(address, pages(byteLength), to),
      };
    },
  };
}
