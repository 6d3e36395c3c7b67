/**
 * What a runtime's thread takes: the runtime tells it, and the system whether it is there.
 *
 * @module
 */

/** What one more thread takes, at most. */
export interface ThreadNeeds {
  /** How many files it opens. */
  readonly descriptors: number;
  /** How many bytes of addresses it maps. */
  readonly addressBytes: number;
  /** How many of these are private and can be stored to. */
  readonly dataBytes: number;
  /** How many threads of the system it is, where the runtime ends the process for want of one; else 0. */
  readonly threads: number;
}
