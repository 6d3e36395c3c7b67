/**
 * Installs the truncation guard on Linux, a handler of `SIGBUS` in machine code.
 * `docs/internals/truncation-guard.md` describes it, `truncation_guard.c` is its source, and `guard_table.ts`
 * has the table of the mappings that it guards.
 *
 * @module
 */
import { atomics } from "../../atomics.ts";
import { type Block, BLOCK_BYTES } from "../../slots.ts";
import type { Functions } from "../../symbols.ts";
import type { TruncationGuard } from "../contract/truncation_guard.ts";
import { POSIX, PROT_EXEC, PROT_READ } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import { LINUX, SA_ONSTACK, SA_RESTART, SA_SIGINFO, SIG_UNBLOCK, SIGBUS } from "./calls.ts";
import {
  FOUND,
  GuardTable,
  handlerOf,
  mapPages,
  OWN,
  PREVIOUS,
  REPLACED,
  SA_FLAGS,
  SA_MASK,
  SIGACTION_BYTES,
  SIGSET_BYTES,
} from "./guard_table.ts";
import { type Piping, withPipe } from "./pipe_copying.ts";
import { CODE } from "./truncation_guard_code.ts";

/** The parts of a C library that the guard needs. */
export type GuardLibrary = Piping & Pick<CLibrary, "arch" | "pageSize">;

// Values that no real action has: SIG_ERR, a mask with signals that cannot be blocked, and all
// flags.
const UNKNOWN_HANDLER = (1n << 64n) - 1n;
const UNKNOWN_MASK = (1n << 64n) - 1n;
const UNKNOWN_FLAGS = -1;

/** Values up to this one are not the address of a handler: `SIG_DFL` is 0, `SIG_IGN` is 1. */
const SIG_IGN = 1n;

// struct header, and the handler after it
const HEADER_TABLE = 16;
const HEADER_PAGE_SIZE = 24;
const HANDLER = 32;

/**
 * Installs the handler of `SIGBUS`, unless another thread has installed it. Returns `undefined` if
 * the system refuses, such as under a policy that forbids executable memory, or if there is no code
 * for the architecture.
 *
 * {@link https://man7.org/linux/man-pages/man2/sigaction.2.html},
 * {@link https://man7.org/linux/man-pages/man2/mprotect.2.html}
 */
export function truncationGuard(library: GuardLibrary): TruncationGuard | undefined {
  const { open, arch, pageSize } = library;
  if (!Object.hasOwn(CODE, arch)) return undefined;
  const c = open(LINUX, "memcpy", "sigaction", "sigprocmask");
  const code = codeOf(arch);
  const header = new DataView(code.buffer);
  header.setBigUint64(HEADER_PAGE_SIZE, BigInt(pageSize), true);
  const found = new Uint8Array(SIGACTION_BYTES);
  if (c.sigaction(SIGBUS, 0n, found) !== 0) return undefined;
  const installed = installedTable(library, code, handlerOf(found));
  const address = installed ?? mapPages(library, BigInt(BLOCK_BYTES));
  if (typeof address !== "bigint") return undefined;
  unblock(c);
  const guard = new GuardTable(library, address);
  if (installed !== undefined) return guard;
  header.setBigUint64(HEADER_TABLE, address, true);
  if (install(library, c, guard.first, code, found)) {
    guard.fillReserve();
    return guard;
  }
  (guard.first.int32.buffer as ArrayBuffer).transfer(0); // no view outlives its memory
  open(POSIX, "munmap").munmap(address, BigInt(BLOCK_BYTES));
  return undefined;
}

/** The handler's code. `atob()` would take longer: Deno has to load it. */
function codeOf(arch: string): Uint8Array<ArrayBuffer> {
  const digits = CODE[arch]!;
  const code = new Uint8Array(digits.length / 2);
  for (let index = 0; index < code.length; index++) {
    code[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  }
  return code;
}

/** Returns true if the handler can be installed: its code may become executable, and map over memory. */
export function canGuard(library: GuardLibrary): boolean {
  if (!Object.hasOwn(CODE, library.arch)) return false;
  const page = mapCode(library, new Uint8Array(1));
  if (page === undefined) return false;
  library.open(POSIX, "munmap").munmap(page, BigInt(library.pageSize));
  return true;
}

type C = Pick<Functions<typeof LINUX>, "memcpy" | "sigaction" | "sigprocmask">;

/**
 * Unblocks `SIGBUS` in this thread and in the threads that it starts. The kernel calls no handler
 * for a fault in a thread that blocks the signal, and a program inherits blocked signals from its
 * parent.
 */
function unblock(c: C): void {
  const signals = new Uint8Array(SIGSET_BYTES);
  signals[0] = 1 << SIGBUS - 1;
  c.sigprocmask(SIG_UNBLOCK, signals, 0n);
}

/**
 * Returns the address of the handler's table if the handler is this same code, installed by another
 * thread or another copy of this module. The memory at the handler may be anything, so the kernel
 * copies it through a pipe, which cannot fault, and all of it is compared. If the system refuses a
 * pipe, the handler counts as foreign.
 */
function installedTable(
  library: Piping,
  code: Uint8Array,
  handler: bigint,
): bigint | undefined {
  if (handler <= SIG_IGN) return undefined;
  const start = BigInt.asUintN(64, handler - BigInt(HANDLER));
  const bytes = new Uint8Array(code.length);
  const length = BigInt(code.length);
  const { write, read } = library.open(LINUX, "write", "read");
  const isRead = withPipe(
    library,
    (output, input) =>
      write(input, start, length) === length && read(output, bytes, length) === length,
  );
  const isOwn = isRead === true &&
    code.every((byte, index) =>
      byte === bytes[index] || (index >= HEADER_TABLE && index < HEADER_PAGE_SIZE)
    );
  return isOwn ? new DataView(bytes.buffer).getBigUint64(HEADER_TABLE, true) : undefined;
}

/** Puts the code into a page of its own, and makes it the handler. */
function install(
  library: GuardLibrary,
  c: C,
  { address, int32, uint64 }: Block,
  code: Uint8Array,
  found: Uint8Array,
): boolean {
  const page = mapCode(library, code);
  if (page === undefined) return false;
  new Uint8Array(uint64.buffer, FOUND, SIGACTION_BYTES).set(found);
  uint64[OWN / 8] = page + BigInt(HANDLER);
  int32[(OWN + SA_FLAGS) / 4] = flagsOver(found);
  // The C library stores the replaced action, which another thread may have installed after `found`
  // was read. Until then the handler retries a foreign fault, because a thread can fault before
  // this one continues.
  uint64[REPLACED / 8] = UNKNOWN_HANDLER;
  uint64[(REPLACED + SA_MASK) / 8] = UNKNOWN_MASK;
  int32[(REPLACED + SA_FLAGS) / 4] = UNKNOWN_FLAGS;
  atomics.store(uint64, PREVIOUS / 8, address + BigInt(REPLACED));
  const replaced = new Uint8Array(uint64.buffer, REPLACED, SIGACTION_BYTES);
  if (c.sigaction(SIGBUS, address + BigInt(OWN), replaced) === 0) return true;
  library.open(POSIX, "munmap").munmap(page, BigInt(library.pageSize));
  return false;
}

/**
 * Maps code into a page of its own, which nobody can write to. Returns `undefined` if the system
 * refuses.
 */
function mapCode(library: GuardLibrary, code: Uint8Array): bigint | undefined {
  const { memcpy } = library.open(LINUX, "memcpy");
  const { mprotect, munmap } = library.open(POSIX, "mprotect", "munmap");
  const length = BigInt(library.pageSize);
  const page = mapPages(library, length);
  if (typeof page !== "bigint") return undefined;
  // The handler maps over memory, which some sandboxes forbid. A load of a lost page would then
  // never return.
  const isReplaced = mapPages(library, length, page) === page;
  memcpy(page, code, BigInt(code.length));
  // Before this call nobody can execute it, afterwards nobody can write to it.
  if (isReplaced && mprotect(page, length, PROT_READ | PROT_EXEC) === 0) return page;
  munmap(page, length);
  return undefined;
}

/**
 * Returns the flags for replacing an action. They keep its choice of stack and of restarting system
 * calls. `SA_NODEFER` is not kept, because the frames of three nested signals would fill a stack as
 * short as those of Deno.
 */
function flagsOver(found: Uint8Array): number {
  const asked = handlerOf(found) <= SIG_IGN
    ? SA_ONSTACK | SA_RESTART
    : new DataView(found.buffer).getInt32(SA_FLAGS, true) & (SA_ONSTACK | SA_RESTART);
  return SA_SIGINFO | asked;
}
