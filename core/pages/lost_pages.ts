/**
 * Pages that a mapping has lost of its file: the system had none to load from or store to, and
 * zeroed memory has taken their place.
 *
 * @module
 */
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import { host } from "../../ffi/host.ts";
import { describeRange, MmapError } from "../checks/errors.ts";
import type { Backing } from "../lifetime/allocation.ts";
import type { PageRange } from "../checks/ranges.ts";
import { checkStack } from "../checks/call_stack.ts";

/** The lost pages of one mapping. */
export class LostPages {
  readonly #backing: Backing;
  readonly #address: bigint;
  /** The length of all pages in bytes, up to the mapping's end. */
  readonly #byteLength: number;
  /** What was found, and how many faults there were by then. */
  #ranges: readonly PageRange[] = [];
  #faults = 0;

  constructor(backing: Backing, address: bigint, byteLength: number) {
    this.#backing = backing;
    this.#address = address;
    this.#byteLength = byteLength;
  }

  /** Where they are, in order. */
  get ranges(): readonly PageRange[] {
    const { guard } = this.#backing;
    if (guard !== undefined && guard.faults !== this.#faults) {
      const settled = guard.settledFaults;
      const { faults } = guard;
      this.#ranges = this.#regions().filter(isOfNoFile);
      // What is not there yet is looked for again.
      this.#faults = settled === faults ? faults : 0;
    }
    return this.#ranges;
  }

  /** How many bytes they have from one on. */
  byteLengthFrom(first: number): number {
    return this.ranges.reduce((sum, { start, end }) => sum + end - Math.max(start, first), 0);
  }

  /** Refuses bytes some of which are lost. */
  check({ start, end }: PageRange): void {
    const lost = start < end && this.ranges.find((range) => range.start < end && range.end > start);
    if (!lost) return;
    const address = this.#address + BigInt(lost.start);
    throw new MmapError(
      `${describeRange({ address, byteLength: lost.end - lost.start })} are lost, because ` +
        `${this.why}: views read zeros there; use other bytes, or map the file again`,
      { code: "EFAULT" },
    );
  }

  /**
   * Whether the file is shorter than the mapping needs. Where nobody knows the file any more, it
   * is whether the end is lost: what was truncated has lost that.
   */
  get areTruncated(): boolean {
    const isShorter = this.#isShorter();
    if (isShorter !== undefined) return isShorter;
    const last = this.#address + BigInt(this.#byteLength - 1);
    return isOfNoFile(this.#regions().at(-1)!) ||
      host().os.copying.read(last, new Uint8Array(1), true) !== undefined;
  }

  /** Why there are such pages. A file that is as long as it should be can have grown again. */
  get why(): string {
    const isShorter = this.#isShorter();
    if (isShorter) return "the file was truncated";
    const disk = "is full or cannot be read";
    return isShorter === undefined
      ? `the file was truncated, or its disk ${disk}`
      : `the disk of the file ${disk}, or the file was shorter for a while`;
  }

  /** `undefined` where nobody knows the file. */
  #isShorter(): boolean | undefined {
    const { files } = host().os;
    const { file, offset } = this.#backing;
    const isShort = (opened: OpenFile) =>
      Number(files.byteLength(opened)) < offset + this.#byteLength; // not where that is refused
    if (file !== undefined) return isShort(file);
    const path = this.#regions().find(hasFile)?.path;
    const opened = path === undefined ? undefined : files.open(path, "read");
    if (typeof opened !== "number") return undefined;
    const isShorter = isShort(opened);
    files.close(opened);
    return isShorter;
  }

  /** What is mapped where the pages are; where the system does not tell, each can be one of no file. */
  #regions(): FileRange[] {
    checkStack(); // what is opened is closed
    const end = this.#byteLength;
    const regions = host().os.regions.list({ pid: undefined, resident: false });
    if (!Array.isArray(regions)) return [{ start: 0, end, path: undefined, isDeleted: false }];
    return regions.map((region) => {
      const start = Number(region.address - this.#address);
      const past = start + region.byteLength;
      return { ...region, start: Math.max(0, start), end: Math.min(end, past) };
    }).filter(({ start, end }) => start < end);
  }
}

/** Pages, and the file that they are of. */
interface FileRange extends PageRange, Pick<RegionFacts, "path" | "isDeleted"> {}

function hasFile(range: FileRange): boolean {
  return range.path !== undefined && !range.isDeleted;
}

/** Whether it is anonymous memory, which Linux gives this path where it is shared. */
function isOfNoFile(range: FileRange): boolean {
  return range.path === undefined || range.path === "/dev/zero";
}
