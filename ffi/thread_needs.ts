/**
 * The needs of a thread: the runtime tells them, and the system tells what is short.
 *
 * @module
 */

/** The most that one more thread takes. */
export interface ThreadNeeds {
  /** The number of files that it opens. */
  readonly descriptors: number;
  /** The bytes of addresses that it maps. */
  readonly addressBytes: number;
  /** The bytes among them that are private and can be stored to. */
  readonly dataBytes: number;
  /** The number of the system's threads, where the runtime ends the process for want of one; otherwise 0. */
  readonly threads: number;
}
