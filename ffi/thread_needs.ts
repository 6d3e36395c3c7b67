/**
 * The resources that a thread needs. The runtime states them, and the system reports a shortage.
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
  /**
   * The number of threads of the system, if the runtime ends the process when it cannot start them;
   * otherwise 0.
   */
  readonly threads: number;
}
