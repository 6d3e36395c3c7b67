/**
 * Copying by the kernel through a pipe, if `process_vm_readv` is missing.
 *
 * @module
 */
import type { Failure } from "../contract/memory.ts";
import { POSIX } from "../posix/calls.ts";
import type { KernelCopying } from "../posix/copying.ts";
import type { CLibrary } from "../posix/library.ts";
import { LINUX, O_CLOEXEC, O_NONBLOCK, TO_ADDRESS } from "./calls.ts";

/** The bytes that a pipe holds by default. A smaller pipe accepts less at a time. */
const MAX_BYTE_LENGTH = 65_536;

/**
 * Moves up to `byteLength` bytes from `start` on into or out of a pipe. Returns the number of bytes
 * moved.
 */
type Move = (end: number, start: number, byteLength: number) => bigint;

/** The parts of a C library that a pipe needs. */
export type Piping = Pick<CLibrary, "native" | "file" | "open" | "failed">;

/** Opens a pipe, calls `use` with it, and closes it. */
export function withPipe<T>(
  { open, failed }: Piping,
  use: (output: number, input: number) => T,
): T | Failure {
  const { pipe2 } = open(LINUX, "pipe2", "write", "read");
  const { close } = open(POSIX, "close");
  const ends = new Int32Array(2);
  if (pipe2(new Uint8Array(ends.buffer), O_CLOEXEC | O_NONBLOCK) !== 0) return failed("pipe2");
  const { 0: output, 1: input } = ends as unknown as [number, number];
  try {
    return use(output, input);
  } finally {
    close(output);
    close(input);
  }
}

/**
 * Opens `write` and `read`, which fail with `EFAULT` if a load or store would fault:
 * {@link https://man7.org/linux/man-pages/man2/write.2.html}. Each copy has a pipe of its own.
 */
export function linuxPipeCopying(library: Piping): KernelCopying {
  const { native, file, open, failed } = library;
  const from = open(LINUX, "write", "read");
  const to = native.open(file, TO_ADDRESS);

  const copy = (total: number, put: Move, take: Move) =>
    withPipe(library, (output, input): Failure | undefined => {
      for (let done = 0; done < total;) {
        const written = Number(put(input, done, Math.min(MAX_BYTE_LENGTH, total - done)));
        if (written <= 0) return failed("write");
        for (let taken = 0; taken < written;) {
          const count = Number(take(output, done + taken, written - taken));
          if (count <= 0) return failed("read");
          taken += count;
        }
        done += written;
      }
      return undefined;
    });
  const part = (bytes: Uint8Array, start: number, byteLength: number) =>
    bytes.subarray(start, start + byteLength);

  return {
    peek: undefined,
    read: (address, target) =>
      copy(
        target.byteLength,
        (end, start, length) => from.write(end, address + BigInt(start), BigInt(length)),
        (end, start, length) => from.read(end, part(target, start, length), BigInt(length)),
      ),
    write: (address, source) =>
      copy(
        source.byteLength,
        (end, start, length) => to.write(end, part(source, start, length), BigInt(length)),
        (end, start, length) => to.read(end, address + BigInt(start), BigInt(length)),
      ),
  };
}
