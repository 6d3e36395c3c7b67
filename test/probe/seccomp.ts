/**
 * Filters of seccomp, by which Linux answers system calls with an error, as containers and
 * sandboxes do: {@link https://man7.org/linux/man-pages/man2/seccomp.2.html}
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";

/** A call that can be refused, by its numbers, and (where not all are) by one of its arguments. */
interface Refusable {
  readonly x64: number | undefined;
  readonly arm64: number | undefined;
  readonly argument?: { readonly index: number; readonly mask: number; readonly value: number };
}

const call = (x64: number, arm64?: number): Refusable => ({ x64, arm64 });
const when = (
  { x64, arm64 }: Refusable,
  index: number,
  mask: number,
  value: number,
): Refusable => ({ x64, arm64, argument: { index, mask, value } });

const mmap = call(9, 222);
const mprotect = call(10, 226);
const openat = call(257, 56);
const futex = call(202, 98);
const PROT_EXEC = 4;
const O_TMPFILE = 0o20_000_000;
const FUTEX_PRIVATE_FLAG = 128;
const SIGBUS = 7;
const PR_SET_VMA = 0x5356_4d41;

/**
 * The library's system calls, by names for the command line. Of `futex` those for memory that processes
 * share: without the others no thread runs.
 */
export const REFUSABLE: Readonly<Record<string, Refusable>> = {
  mmap,
  "mmap with MAP_FIXED_NOREPLACE": when(mmap, 3, 0x10_0000, 0x10_0000),
  "mmap with MAP_FIXED": when(mmap, 3, 0x10, 0x10),
  "mmap with MAP_SHARED": when(mmap, 3, 3, 1),
  munmap: call(11, 215),
  mremap: call(25, 216),
  mprotect,
  "mprotect with PROT_EXEC": when(mprotect, 2, PROT_EXEC, PROT_EXEC),
  madvise: call(28, 233),
  msync: call(26, 227),
  mincore: call(27, 232),
  mlock: call(149, 228),
  mlock2: call(325, 284),
  munlock: call(150, 229),
  fallocate: call(285, 47),
  ftruncate: call(77, 46),
  fchmod: call(91, 52),
  fstatfs: call(138, 44),
  fstat: call(5, 80),
  newfstatat: call(262, 79),
  statx: call(332, 291),
  openat,
  "openat with O_TMPFILE": when(openat, 2, O_TMPFILE, O_TMPFILE),
  read: call(0, 63),
  write: call(1, 64),
  lseek: call(8, 62),
  close: call(3, 57),
  link: call(86),
  linkat: call(265, 37),
  unlink: call(87),
  unlinkat: call(263, 35),
  pipe2: call(293, 59),
  poll: call(7),
  ppoll: call(271, 73),
  prctl: call(157, 167),
  "prctl with PR_SET_VMA": when(call(157, 167), 0, -1, PR_SET_VMA),
  prlimit64: call(302, 261),
  process_vm_readv: call(310, 270),
  process_vm_writev: call(311, 271),
  rt_sigaction: call(13, 134),
  "rt_sigaction of SIGBUS": when(call(13, 134), 0, -1, SIGBUS),
  rt_sigprocmask: call(14, 135),
  "futex of shared memory": when(futex, 1, FUTEX_PRIVATE_FLAG, 0),
  futex_waitv: call(449, 449),
  getpid: call(39, 172),
  gettid: call(186, 178),
  geteuid: call(107, 175),
  tgkill: call(234, 131),
  clock_gettime: call(228, 113),
  getrandom: call(318, 278),
  brk: call(12, 214),
  clone: call(56, 220),
  clone3: call(435, 435),
};

const ERRORS: Readonly<Record<string, number>> = { EPERM: 1, ENOSYS: 38 };
/** The errors that a filter can answer with. */
export const FILTER_ERRORS: readonly string[] = Object.keys(ERRORS);

// struct sock_filter: __u16 code; __u8 jt; __u8 jf; __u32 k;
const INSTRUCTION_BYTES = 8;
const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const ERRNO = 0x0005_0000;
/** The offset of the arguments in `struct seccomp_data`, of 64 bits each; the number is at 0. */
const ARGUMENTS = 16;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

/** The program that answers these calls with an error, like `EPERM:mremap,madvise`. */
export function filterProgram(text: string, arch: "x64" | "arm64"): Uint8Array {
  const [error = "", ...rest] = text.split(":");
  const names = rest.join(":").split(",");
  if (!(error in ERRORS)) throw new Error(`No error ${error}`);
  const answer: Instruction = [RETURN, 0, 0, ERRNO | ERRORS[error]!];
  const instructions = names.flatMap((name): readonly Instruction[] => {
    const refusable = REFUSABLE[name];
    if (refusable === undefined) throw new Error(`No call ${name}`);
    const number = refusable[arch];
    if (number === undefined) return [];
    const { argument } = refusable;
    const check: readonly Instruction[] = argument === undefined ? [] : [
      [LOAD, 0, 0, ARGUMENTS + 8 * argument.index],
      [AND, 0, 0, argument.mask],
      [JUMP_IF_EQUAL, 0, 1, argument.value],
    ];
    return [
      [LOAD, 0, 0, 0],
      [JUMP_IF_EQUAL, 0, check.length + 1, number],
      ...check,
      answer,
    ];
  });
  const program: readonly Instruction[] = [...instructions, [RETURN, 0, 0, ALLOW]];
  const bytes = new DataView(new ArrayBuffer(program.length * INSTRUCTION_BYTES));
  program.forEach(([code, ifTrue, ifFalse, k], index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.setUint16(at, code, true);
    bytes.setUint8(at + 2, ifTrue);
    bytes.setUint8(at + 3, ifFalse);
    bytes.setUint32(at + 4, k >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}

const PR_SET_NO_NEW_PRIVS = 38n;
const SECCOMP_SET_MODE_FILTER = 1n;
const SECCOMP_FILTER_FLAG_TSYNC = 1n;

/** Filters all threads of this process from now on, by its own FFI; tells whether the system lets it. */
export function filterCalls(text: string): boolean {
  const runtime = currentRuntime();
  const arch = runtime.system.arch as "x64" | "arm64";
  const { mmap, syscall } = runtime.open("libc.so.6", {
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
    syscall: {
      parameters: ["usize", "usize", "usize", "usize", "usize", "usize", "usize"],
      result: "i64",
    },
  });
  const [prctl, seccomp] = arch === "x64" ? [157n, 317n] : [167n, 277n];
  const program = filterProgram(text, arch);
  const PROT_READ_WRITE = 3;
  const MAP_PRIVATE_ANONYMOUS = 0x22;
  const at = mmap(0n, 65_536n, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0n);
  const memory = runtime.view(at, 65_536);
  const fields = new DataView(memory);
  // struct sock_fprog: unsigned short len; struct sock_filter *filter;
  fields.setUint16(0, program.length / INSTRUCTION_BYTES, true);
  fields.setBigUint64(8, at + 16n, true);
  new Uint8Array(memory).set(program, 16);
  syscall(prctl!, PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n, 0n);
  const flags = SECCOMP_FILTER_FLAG_TSYNC;
  return syscall(seccomp!, SECCOMP_SET_MODE_FILTER, flags, at, 0n, 0n, 0n) === 0n;
}
