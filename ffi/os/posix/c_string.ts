/**
 * Text for C.
 *
 * @module
 */

/** The bytes of a text in UTF-8, with the NUL that ends it. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
