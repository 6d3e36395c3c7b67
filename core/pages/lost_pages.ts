/**
 * Lost pages: pages that the truncation guard has replaced with zeroed memory, because a load or
 * store found no page of the file.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import { checkStack } from "../checks/call_stack.ts";
import { describeRange, MmapError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Backing } from "../lifetime/allocation.ts";

/** The lost pages of one mapping. */
export class LostPages {
  readonly #backing: Backing;
  readonly #address: bigint;
  /** The length of all pages in bytes, up to the mapping's end. */
  #byteLength: number;
  /** The pages that were found lost. */
  #ranges: readonly PageRange[] = [];
  /** The number of faults at that time. */
  #faults = 0;

  constructor(backing: Backing, address: bigint, byteLength: number) {
    this.#backing = backing;
    this.#address = address;
    this.#byteLength = byteLength;
  }

  /** Changes the length of the pages. */
  setLength(byteLength: number): void {
    this.#byteLength = byteLength;
    this.#ranges = [];
    this.#faults = 0;
  }

  /** The lost pages, in order. */
  get ranges(): readonly PageRange[] {
    const { guard } = this.#backing;
    if (guard !== undefined && guard.faults !== this.#faults) {
      const settled = guard.settledFaults;
      const { faults } = guard;
      this.#ranges = this.#regions().filter(isOfNoFile);
      // A page whose fault another thread is still handling is found by the next call.
      this.#faults = settled === faults ? faults : 0;
    }
    return this.#ranges;
  }

  /** The number of lost bytes from `first`. */
  byteLengthFrom(first: number): number {
    return this.ranges.reduce((sum, { start, end }) => sum + end - Math.max(start, first), 0);
  }

  /** Refuses a range with a lost page. */
  check({ start, end }: PageRange): void {
    const { ranges } = this;
    if (ranges.length === 0) return;
    const lost = start < end && ranges.find((range) => range.start < end && range.end > start);
    if (!lost) return;
    const address = this.#address + BigInt(lost.start);
    throw new MmapError(
      `${describeRange({ address, byteLength: lost.end - lost.start })} are lost, because ` +
        `${this.why}: views read zeros there; use other bytes, or map the file again`,
      { code: "EFAULT" },
    );
  }

  /**
   * Whether the file is too short for the mapping. If the file cannot be found: whether the last
   * page is lost, as after truncation.
   */
  get areTruncated(): boolean {
    const isShorter = this.#isShorter();
    if (isShorter !== undefined) return isShorter;
    const last = this.#address + BigInt(this.#byteLength - 1);
    return isOfNoFile(this.#regions().at(-1)!) ||
      host().os.copying.read(last, new Uint8Array(1), true) !== undefined;
  }

  /**
   * The reason for lost pages, for a message. A file that is long enough now may have been
   * truncated and grown again.
   */
  get why(): string {
    const isShorter = this.#isShorter();
    if (isShorter) return "the file was truncated";
    const disk = "is full or cannot be read";
    return isShorter === undefined
      ? `the file was truncated, or its disk ${disk}`
      : `the disk of the file ${disk}, or the file was shorter for a while`;
  }

  /** Whether the file is too short; `undefined` if the file cannot be found. */
  #isShorter(): boolean | undefined {
    const { files } = host().os;
    const { file, offset } = this.#backing;
    const isShort = (opened: OpenFile) =>
      Number(files.byteLength(opened)) < offset + this.#byteLength; // false if the system refuses (NaN)
    if (file !== undefined) return isShort(file);
    const path = this.#regions().find(hasFile)?.path;
    const opened = path === undefined ? undefined : files.open(path, "read");
    if (typeof opened !== "number") return undefined;
    const isShorter = isShort(opened);
    files.close(opened);
    return isShorter;
  }

  /** The mappings at these addresses. If the system does not list them, any page may be lost. */
  #regions(): FileRange[] {
    checkStack(); // list() closes the file that it opens
    const end = this.#byteLength;
    const within = { address: this.#address, byteLength: BigInt(end) };
    const regions = host().os.regions.list({ pid: undefined, resident: false, within });
    if (!Array.isArray(regions)) return [{ start: 0, end, path: undefined, isDeleted: false }];
    return regions.map((region) => {
      const start = Number(region.address - this.#address);
      const past = start + region.byteLength;
      return { ...region, start: Math.max(0, start), end: Math.min(end, past) };
    }).filter(({ start, end }) => start < end);
  }
}

/** A range of pages, and its file. */
interface FileRange extends PageRange, Pick<RegionFacts, "path" | "isDeleted"> {}

function hasFile(range: FileRange): boolean {
  return range.path !== undefined && !range.isDeleted;
}

/** Whether the memory is anonymous: Linux gives shared anonymous memory this path. */
function isOfNoFile(range: FileRange): boolean {
  return range.path === undefined || range.path === "/dev/zero";
}
