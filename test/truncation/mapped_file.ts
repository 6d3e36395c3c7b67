/**
 * Files mapped by the C library alone, for the tests of the truncation guard,
 * and what they need of signals.
 *
 * @module
 */
import type { GuardEntry, TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import { host } from "../../ffi/host.ts";
import type { Functions } from "../../ffi/symbols.ts";

const FUNCTIONS = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  memcpy: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  sigprocmask: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  sigaction: { parameters: ["i32", "usize", "buffer"], result: "i32" },
} as const;

const { runtime, os } = host();

/** The C functions that the tests call. */
export const c: Functions<typeof FUNCTIONS> = runtime.open("libc.so.6", FUNCTIONS);

/** The page size in bytes. */
export const PAGE: number = os.pageSize;

const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const READ_WRITE = 3;

/** A file that is mapped, full of sevens. It has no name, and is gone with the process. */
export interface MappedFile {
  /** The file, also for other processes. */
  readonly path: string;
  readonly descriptor: number;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly entry: GuardEntry | undefined;
  /** Makes the file so many pages long. */
  truncate(pages: number): void;
}

/** Maps a new file of so many pages, and guards the first `guarded` of them. */
export function mapFile(
  pages: number,
  guard: TruncationGuard | undefined,
  guarded: number = pages,
): MappedFile {
  const descriptor = c.memfd_create(new Uint8Array([0x66, 0]), 0);
  const truncate = (length: number) => {
    c.ftruncate(descriptor, BigInt(length * PAGE));
  };
  truncate(pages);
  const address = c.mmap(0n, BigInt(pages * PAGE), READ_WRITE, MAP_SHARED, descriptor, 0n);
  return {
    path: `/proc/${process.pid}/fd/${descriptor}`,
    descriptor,
    address,
    bytes: viewOf(address, pages).fill(7),
    entry: guard?.add(address, BigInt(guarded * PAGE)),
    truncate,
  };
}

/** Views so many pages of this process. */
export function viewOf(address: bigint, pages: number): Uint8Array {
  return new Uint8Array(runtime.view(address, pages * PAGE));
}

/** The `struct sigaction` of a signal: its handler, the first 64 signals of its mask, and its flags. */
export interface Action {
  readonly handler: bigint;
  readonly mask: bigint;
  readonly flags: number;
}

/** The action of a signal. */
export function actionOf(signal: number): Action {
  const action = new Uint8Array(152);
  c.sigaction(signal, 0n, action);
  const fields = new DataView(action.buffer);
  return {
    handler: fields.getBigUint64(0, true),
    mask: fields.getBigUint64(8, true),
    flags: fields.getInt32(136, true),
  };
}

/** Changes what a signal does. */
export function setAction(signal: number, { handler, mask, flags }: Action): void {
  const address = mapPage();
  const fields = new DataView(viewOf(address, 1).buffer);
  fields.setBigUint64(0, handler, true);
  fields.setBigUint64(8, mask, true);
  fields.setInt32(136, flags, true);
  c.sigaction(signal, address, new Uint8Array(152));
}

/** Machine code by architectures, with names in capitals where a number of 64 bits goes. */
type Code = Readonly<Record<string, string>>;

// void handler(int) { counter++; rt_sigprocmask(SIG_BLOCK, 0, counter + 8, 8); }
const COUNTING_HANDLER: Code = {
  // movabs rax, COUNTER; lock inc dword [rax]; lea rdx, [rax+8]; xor esi, esi;
  // xor edi, edi; mov r10d, 8; mov eax, 14; syscall; ret
  x64: "48b8 COUNTER f0ff00 488d5008 31f6 31ff 41ba08000000 b80e000000 0f05 c3",
  // ldr x9, COUNTER; ldr w10, [x9]; add w10, w10, 1; str w10, [x9]; mov x0, 0;
  // mov x1, 0; add x2, x9, 8; mov x3, 8; mov x8, 135; svc 0; ret; nop; COUNTER
  arm64: "89010058 2a0140b9 4a050011 2a0100b9 000080d2 010080d2 22210091 030180d2 e81080d2 " +
    "010000d4 c0035fd6 1f2003d5 COUNTER",
};

// void handler(…) { counter++; while (counter[1] == 0) {} next(…); }
const DELAYING_HANDLER: Code = {
  // movabs rax, COUNTER; lock inc dword [rax]; again: pause; cmp dword [rax+4], 0; je again;
  // movabs rax, NEXT; jmp rax
  x64: "48b8 COUNTER f0ff00 f390 83780400 74f8 48b8 NEXT ffe0",
  // ldr x9, COUNTER; ldr w10, [x9]; add w10, w10, 1; str w10, [x9]; add x11, x9, 4;
  // again: ldar w10, [x11]; cbz w10, again; ldr x9, NEXT; br x9; nop; COUNTER; NEXT
  arm64: "49010058 2a0140b9 4a050011 2a0100b9 2b110091 6afddf88 eaffff34 a9000058 20011fd6 " +
    "1f2003d5 COUNTER NEXT",
};

// void handler(int) { rt_sigaction(SIGBUS, zeros, 0, 8); }
const RESETTING_HANDLER: Code = {
  // movabs rsi, ZEROS; mov edi, 7; xor edx, edx; mov r10d, 8; mov eax, 13; syscall; ret
  x64: "48be ZEROS bf07000000 31d2 41ba08000000 b80d000000 0f05 c3",
  // ldr x1, ZEROS; mov x0, 7; mov x2, 0; mov x3, 8; mov x8, 134; svc 0; ret; nop; ZEROS
  arm64: "01010058 e00080d2 020080d2 030180d2 c81080d2 010000d4 c0035fd6 1f2003d5 ZEROS",
};

/** A handler in machine code that counts its calls, and keeps the mask that it ran with. */
export function countingHandler(): { readonly handler: bigint; calls(): number; mask(): bigint } {
  const COUNTER = mapPage();
  const seen = new BigUint64Array(viewOf(COUNTER, 1).buffer);
  return {
    handler: executable(COUNTING_HANDLER, { COUNTER }),
    calls: () => Number(Atomics.load(seen, 0)),
    mask: () => Atomics.load(seen, 1),
  };
}

/** A handler in machine code that counts its calls, and goes on to another one when it is told to. */
export function delayingHandler(
  NEXT: bigint,
): { readonly handler: bigint; calls(): number; goOn(): void } {
  const COUNTER = mapPage();
  const words = new Int32Array(viewOf(COUNTER, 1).buffer);
  return {
    handler: executable(DELAYING_HANDLER, { COUNTER, NEXT }),
    calls: () => Atomics.load(words, 0),
    goOn: () => Atomics.store(words, 1, 1),
  };
}

// void handler(…, siginfo_t *info, …) { info->si_code = BUS_ADRALN; next(…); }
const MISNAMING_HANDLER: Code = {
  // mov dword [rsi+8], 1; movabs rax, NEXT; jmp rax
  x64: "c7460801000000 48b8 NEXT ffe0",
  // mov w9, 1; str w9, [x1, 8]; ldr x9, NEXT; br x9; NEXT
  arm64: "29008052 290800b9 49000058 20011fd6 NEXT",
};

/** A handler in machine code that calls each fault one of alignment, as gVisor does, and goes on to another. */
export function misnamingHandler(NEXT: bigint): bigint {
  return executable(MISNAMING_HANDLER, { NEXT });
}

/** Sends this thread a SIGBUS as the kernel does for an unaligned access at an address. */
export function sendAlignmentFault(address: bigint): void {
  const info = new Uint8Array(128);
  const fields = new DataView(info.buffer);
  fields.setInt32(0, 7, true); // SIGBUS
  fields.setInt32(8, 1, true); // BUS_ADRALN
  fields.setBigUint64(16, address, true);
  const number = process.arch === "x64" ? 297n : 240n; // rt_tgsigqueueinfo
  const { syscall, gettid } = runtime.open("libc.so.6", {
    syscall: {
      parameters: ["usize", "usize", "usize", "usize", "buffer", "usize", "usize"],
      result: "i64",
    },
    gettid: { parameters: [], result: "i32" },
  });
  syscall(number, BigInt(process.pid), BigInt(gettid()), 7n, info, 0n, 0n);
}

/** A handler in machine code that sets the default action of SIGBUS, as that of Rust does. */
export function resettingHandler(): bigint {
  return executable(RESETTING_HANDLER, { ZEROS: mapPage() });
}

// void handler(int) { load from an address that cannot be, relative to the stack's segment }
const FAULTING_HANDLER: Code = {
  // push rbp; movabs rbp, 1 << 63; mov rax, [rbp]; pop rbp; ret
  x64: "55 48bd0000000000000080 488b4500 5d c3",
};

/** A handler in machine code that causes a SIGBUS without an address, where the processor has such. */
export function faultingHandler(): bigint | undefined {
  return process.arch === "x64" ? executable(FAULTING_HANDLER, {}) : undefined;
}

function executable(code: Code, values: Readonly<Record<string, bigint>>): bigint {
  const digits = code[process.arch]!.replace(/[A-Z]+/g, (name) => {
    const bytes = new Uint8Array(new BigUint64Array([values[name]!]).buffer);
    return bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
  });
  const bytes = Uint8Array.from(digits.match(/[0-9a-f]{2}/g)!, (byte) => parseInt(byte, 16));
  const page = mapPage();
  c.memcpy(page, bytes, BigInt(bytes.length));
  c.mprotect(page, BigInt(PAGE), 5);
  return page;
}

function mapPage(): bigint {
  return c.mmap(0n, BigInt(PAGE), READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0n);
}
