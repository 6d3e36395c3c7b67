/**
 * Messages in a stream of bytes.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";

/** Takes frames, each of its length in 4 bytes and a message, out of what is read. */
export function readFrames(stream: Readable, take: (message: Uint8Array) => void): void {
  let chunks: Buffer[] = [];
  let byteLength = 0;
  let needed = 4;
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    byteLength += chunk.length;
    if (byteLength < needed) return; // a long message comes in many chunks, which are joined once
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    for (;;) {
      needed = bytes.length < 4 ? 4 : 4 + bytes.readUint32LE();
      if (bytes.length < needed) break;
      take(bytes.subarray(4, needed));
      bytes = bytes.subarray(needed);
    }
    chunks = [bytes];
    byteLength = bytes.length;
  });
}
