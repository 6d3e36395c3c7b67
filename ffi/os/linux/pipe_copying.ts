/**
 * Copying by the kernel through a pipe, where there is no `process_vm_readv`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";
import type { CopyingShared, KernelCopying } from "../posix/copying.ts";

/** `O_CLOEXEC | O_NONBLOCK`: {@link https://man7.org/linux/man-pages/man2/pipe.2.html} */
const PIPE_FLAGS = 0x80800;
/** What a pipe holds by default, in bytes; where it holds less, less is written. */
const MAX_BYTE_LENGTH = 65_536;

const PIPE = {
  // int pipe2(int pipefd[2], int flags)
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies SymbolTable;

const FROM_ADDRESS = {
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "usize", "usize"], result: "i64" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
} as const satisfies SymbolTable;

const TO_ADDRESS = {
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "usize", "usize"], result: "i64" },
} as const satisfies SymbolTable;

/** Moves `byteLength` bytes from `start` on into, or out of, one end of a pipe; returns how many. */
type Move = (end: number, start: number, byteLength: number) => bigint;

/**
 * Opens `write` and `read`, which answer `EFAULT` where a load or store would
 * fault: {@link https://man7.org/linux/man-pages/man2/write.2.html}. The pipe is
 * closed after each copy.
 */
export function linuxPipeCopying(
  native: Native,
  { library, failed }: CopyingShared,
): KernelCopying {
  const { pipe2, close } = native.open(library, PIPE);
  const from = native.open(library, FROM_ADDRESS);
  const to = native.open(library, TO_ADDRESS);

  const move = (
    output: number,
    input: number,
    total: number,
    put: Move,
    take: Move,
  ): Failure | undefined => {
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
  };

  const copy = (total: number, put: Move, take: Move): Failure | undefined => {
    const ends = new Int32Array(2);
    if (pipe2(new Uint8Array(ends.buffer), PIPE_FLAGS) !== 0) return failed("pipe2");
    const { 0: output, 1: input } = ends as unknown as [number, number];
    try {
      return move(output, input, total, put, take);
    } finally {
      close(output);
      close(input);
    }
  };
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
