/**
 * Text for C.
 *
 * @module
 */
import { utf8 } from "../../web.ts";

/** The bytes of a text in UTF-8, with the NUL that ends it. */
export function cString(text: string): Uint8Array {
  return utf8(`${text}\0`);
}
