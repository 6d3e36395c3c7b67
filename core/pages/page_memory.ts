/**
 * The memory of a mapping's pages: its kind, its addresses, and the system's names for its words.
 *
 * @module
 */
import type { Word } from "../../ffi/os/contract/waiting.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import type { MappingInfo } from "../lifetime/mapping_info.ts";
import { WRITABLE } from "./access.ts";

/** A word that was checked, as long as the mapping and the access of its pages stay as they are. */
export interface CheckedWord {
  readonly range: PageRange;
  readonly info: MappingInfo;
  readonly access: object;
  readonly word: Word;
}

/** The memory of the pages of one mapping. */
export class PageMemory {
  readonly allocation: Allocation;
  /** The mapping, with its present length. Only `PageState.setInfo()` changes it. */
  info: MappingInfo;
  readonly #address: bigint;
  /** The last word that was waited for or notified: programs mostly use the same one again. */
  lastWord: CheckedWord | undefined;

  constructor(allocation: Allocation, info: MappingInfo) {
    this.allocation = allocation;
    this.info = info;
    this.#address = allocation.address + BigInt(info.guardByteLength);
  }

  /** Whether the memory is anonymous. */
  get areAnonymous(): boolean {
    const { source } = this.info;
    return source === "memory" || source === "mirror";
  }

  /** Whether the pages take memory until they are freed, because no file on a disk backs them. */
  get areInMemory(): boolean {
    return this.areAnonymous || this.allocation.backing?.name !== undefined;
  }

  /** Whether the pages are mapped twice in a row. */
  get areMirrored(): boolean {
    return this.info.source === "mirror";
  }

  /** Whether the pages are private copies of a file: a copied page shows no stores of others. */
  get areOfPrivateFile(): boolean {
    return this.info.source === "private file";
  }

  /** Whether the pages show what others store to the file. */
  get areOfSharedFile(): boolean {
    return this.info.source === "shared file" || this.info.source === "read-only file";
  }

  /** What a word that is waited for must allow: stores, unless the memory never does. */
  get useOfWords(): "read" | "written" {
    return WRITABLE[this.info.source] === undefined ? "read" : "written";
  }

  /** Whether the same bytes can be mapped at other addresses too. */
  get canOverlap(): boolean {
    return this.info.source !== "memory";
  }

  /** The distance in bytes at which the same bytes repeat. */
  get period(): number {
    return this.areMirrored ? this.info.byteLength / 2 : Infinity;
  }

  /** The address of a byte. */
  addressOf(offset: number): bigint {
    return this.#address + BigInt(offset);
  }

  /** The system's name for the 32-bit word that starts at a byte. */
  wordAt(offset: number): Word {
    const { source, byteLength } = this.info;
    const { backing } = this.allocation;
    // Both halves of a mirror have the same words.
    const at = source === "mirror" ? offset % (byteLength / 2) : offset;
    const place = this.areOfSharedFile && backing !== undefined
      ? { memory: backing, offset: BigInt(backing.offset + at) }
      : undefined;
    return { address: this.addressOf(at), place };
  }
}
