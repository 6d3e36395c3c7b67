/**
 * Waiting on Windows, with named semaphores that all processes of a session can open.
 * `WaitOnAddress` works only within one process, and does not return the number of woken threads.
 *
 * Each word has a row of numbered places. A sleeper takes a place, and creates two named objects
 * for it:
 *
 * - A semaphore of at most 2, at 0. A waker adds 2, which fails if another waker has done so before;
 *   the sleeper takes 1, so that no waker can add 2 after it. A sleeper that leaves adds 2 itself,
 *   which tells whether a waker was first.
 * - A mutex that the sleeper's thread owns. If the thread ends, the system abandons the mutex, and
 *   wakers pass over the place. If a process ends, the system removes its objects.
 *
 * The sleeper takes its place before it compares the word, and the waker stores to the word before
 * it looks for places. So at least one of them sees the other.
 *
 * @module
 */
import { type Failure, isFailure } from "../contract/memory.ts";
import { type Ending, MAX_MS, SLICE_MS, type Waiting, type Word } from "../contract/waiting.ts";
import { KERNEL32 } from "./calls.ts";
import {
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_NOT_FOUND,
  SEMAPHORE_MODIFY_STATE,
  SYNCHRONIZE,
  WAIT_ABANDONED,
  WAIT_OBJECT_0,
  WAIT_TIMEOUT,
} from "./constants.ts";
import { windowsCopying } from "./copying.ts";
import { windowsStatus } from "./file_information.ts";
import { high, low, wide, type WindowsLibrary } from "./library.ts";
import type { ThreadData } from "./waiting_thread.ts";
import { THREAD_SOURCE } from "./waiting_thread_code.ts";

/**
 * The number of places in a block. Each block has a mark, a semaphore that exists while a place in
 * this block or a later one is taken.
 */
const BLOCK = 8;

/** A place in the row of a word. */
interface Spot {
  readonly semaphore: bigint;
  readonly mutex: bigint;
  /** The marks of its block and of all blocks before it. */
  readonly marks: readonly bigint[];
}

/** Opens the calls. */
export function windowsWaiting(library: WindowsLibrary): Waiting {
  const { failed } = library;
  const c = library.open(
    KERNEL32,
    "CreateSemaphoreW",
    "OpenSemaphoreW",
    "ReleaseSemaphore",
    "CreateMutexW",
    "OpenMutexW",
    "ReleaseMutex",
    "CreateEventW",
    "SetEvent",
    "WaitForSingleObject",
    "CloseHandle",
    "QueryPerformanceCounter",
    "QueryPerformanceFrequency",
    "GetLastError",
    "GetCurrentProcessId",
    "GetCurrentThreadId",
    "OpenThread",
  );
  const copying = windowsCopying(library);
  const statusOf = windowsStatus(library);
  const number = new BigInt64Array(1);
  const numberBytes = new Uint8Array(number.buffer);
  const word = new Int32Array(1);
  const wordBytes = new Uint8Array(word.buffer);
  c.QueryPerformanceFrequency(numberBytes);
  const frequency = number[0]!;
  const process = c.GetCurrentProcessId();
  /** The common prefix of the names of a mapping's words. */
  const names: WeakMap<object, string> = new WeakMap();
  let thread = 0n;

  /** Reads the performance counter. The clock of timers is less exact. */
  const now = () => {
    c.QueryPerformanceCounter(numberBytes);
    return number[0]!;
  };
  const deadlineOf = (milliseconds: number) =>
    milliseconds > MAX_MS
      ? undefined
      : now() + BigInt(Math.ceil(milliseconds * Number(frequency) / 1000));
  const sliceUntil = (deadline: bigint | undefined) => {
    if (deadline === undefined) return SLICE_MS;
    const left = Math.ceil(Number(deadline - now()) / Number(frequency) * 1000);
    return Math.max(0, Math.min(SLICE_MS, left));
  };

  /** Returns the name of a word, which is the prefix of the names of its objects. */
  const nameOf = ({ address, place }: Word): string | Failure => {
    if (place === undefined) return `Local\\sysalloc.${process}.${address.toString(16)}`;
    const { memory: { name, file }, offset } = place;
    let memory = names.get(place.memory);
    if (memory === undefined) {
      if (name !== undefined) memory = `n.${name.toString(16)}`;
      else {
        const identity = statusOf(file ?? 0);
        if (isFailure(identity)) return identity;
        const { device, inode } = identity;
        memory = [device, high(inode), low(inode)]
          .map((part) => part.toString(16)).join(".");
      }
      names.set(place.memory, memory);
    }
    return `Local\\sysalloc.${memory}.${offset.toString(16)}`;
  };

  const close = (...handles: readonly bigint[]) => {
    for (const handle of handles) c.CloseHandle(handle);
  };

  /** Takes the first free place. */
  const enter = (name: string): Spot | Failure => {
    let marks: readonly bigint[] = [];
    const fail = (syscall: string, ...handles: readonly bigint[]): Failure => {
      const failure = failed(syscall);
      close(...handles, ...marks);
      return failure;
    };
    for (let index = 0;; index++) {
      if (index % BLOCK === 0) {
        const mark = c.CreateSemaphoreW(0n, 0, 1, wide(`${name}.${index}.block`));
        if (mark === 0n) return fail("CreateSemaphoreW");
        marks = [...marks, mark];
      }
      const mutex = c.CreateMutexW(0n, 1, wide(`${name}.${index}.mutex`));
      if (mutex === 0n) return fail("CreateMutexW");
      if (c.GetLastError() === ERROR_ALREADY_EXISTS) {
        close(mutex);
        continue;
      }
      const semaphore = c.CreateSemaphoreW(0n, 0, 2, wide(`${name}.${index}`));
      if (semaphore === 0n) return fail("CreateSemaphoreW", mutex);
      // The semaphore of the last sleeper exists while a waker still holds a handle to it.
      if (c.GetLastError() !== ERROR_ALREADY_EXISTS) return { semaphore, mutex, marks };
      c.ReleaseMutex(mutex);
      close(semaphore, mutex);
    }
  };

  /** Adds 2 to a semaphore, which succeeds only once. Returns whether it did. */
  const claim = (semaphore: bigint) => c.ReleaseSemaphore(semaphore, 2, 0n) !== 0;

  /** Leaves a place. Returns whether the sleeper was woken. */
  const leave = ({ semaphore, mutex, marks }: Spot): boolean => {
    const wasWoken = !claim(semaphore);
    c.ReleaseMutex(mutex);
    close(semaphore, mutex, ...marks);
    return wasWoken;
  };

  /** Takes a place, and compares the word. */
  const begin = (at: Word, expected: number): Spot | "woken" | "different" | Failure => {
    const name = nameOf(at);
    if (typeof name !== "string") return name;
    const spot = enter(name);
    if (isFailure(spot)) return spot;
    const failure = copying.read(at.address, wordBytes, true);
    if (failure === undefined && word[0] === expected) return spot;
    const wasWoken = leave(spot);
    return failure ?? (wasWoken ? "woken" : "different");
  };

  /** Opens the object with a name; `undefined` if there is none. */
  const find = (
    syscall: "OpenSemaphoreW" | "OpenMutexW",
    access: number,
    name: string,
  ): bigint | Failure | undefined => {
    const handle = c[syscall](access, 0, wide(name));
    if (handle !== 0n) return handle;
    const failure = failed(syscall);
    return failure.osError === ERROR_FILE_NOT_FOUND ? undefined : failure;
  };

  /**
   * Whether the thread of a place has ended. Returns `true` only to the first caller, because
   * asking takes over the abandoned mutex.
   */
  const takeAbandoned = (mutex: bigint): boolean => {
    const owner = c.WaitForSingleObject(mutex, 0);
    if (owner === WAIT_OBJECT_0 || owner === WAIT_ABANDONED) c.ReleaseMutex(mutex);
    return owner === WAIT_ABANDONED;
  };

  /** Wakes the sleeper at a place. Returns whether there was one that was not woken before. */
  const wake = (name: string): boolean | Failure => {
    const access = SYNCHRONIZE | SEMAPHORE_MODIFY_STATE;
    const semaphore = find("OpenSemaphoreW", access, name);
    if (typeof semaphore !== "bigint") return semaphore ?? false;
    const mutex = find("OpenMutexW", SYNCHRONIZE, `${name}.mutex`);
    if (typeof mutex !== "bigint") {
      close(semaphore);
      return mutex ?? false;
    }
    // Only the waker that has claimed the sleeper may ask: if two asked at once, both could miss
    // the end of the thread.
    const isWoken = claim(semaphore) && !takeAbandoned(mutex);
    close(mutex, semaphore);
    return isWoken;
  };

  return {
    hasSteps: true,

    wait(at, expected, milliseconds) {
      const deadline = deadlineOf(milliseconds);
      const spot = begin(at, expected);
      if (typeof spot === "string" || isFailure(spot)) return spot;
      for (;;) {
        const slice = sliceUntil(deadline);
        const result = c.WaitForSingleObject(spot.semaphore, slice);
        if (result === WAIT_TIMEOUT && (deadline === undefined || now() < deadline)) continue;
        const failure = result === WAIT_TIMEOUT || result === WAIT_OBJECT_0
          ? undefined
          : failed("WaitForSingleObject");
        const wasWoken = leave(spot);
        return failure ?? (wasWoken ? "woken" : "elapsed");
      }
    },

    notify(at, count) {
      const name = nameOf(at);
      if (typeof name !== "string") return name;
      let woken = 0;
      for (let first = 0; woken < count; first += BLOCK) {
        const mark = find("OpenSemaphoreW", SYNCHRONIZE, `${name}.${first}.block`);
        if (typeof mark !== "bigint") return mark ?? woken;
        for (let index = first; index < first + BLOCK && woken < count; index++) {
          const isWoken = wake(`${name}.${index}`);
          if (typeof isWoken === "object") {
            close(mark);
            return isWoken;
          }
          if (isWoken) woken++;
        }
        close(mark);
      }
      return woken;
    },

    prepare(at, expected, milliseconds) {
      const deadline = deadlineOf(milliseconds);
      const spot = begin(at, expected);
      if (typeof spot === "string" || isFailure(spot)) return spot;
      if (milliseconds === 0) return leave(spot) ? "woken" : "elapsed";
      const event = c.CreateEventW(0n, 1, 0, 0n);
      if (event === 0n) {
        const failure = failed("CreateEventW");
        leave(spot);
        return failure;
      }
      return {
        job: { semaphore: spot.semaphore, event, deadline },
        cancel: () => void c.SetEvent(event),
        end(ending: Ending | "cancelled") {
          const wasWoken = leave(spot);
          close(event);
          return wasWoken ? "woken" : ending;
        },
      };
    },

    threadSource: THREAD_SOURCE,

    threadData(): ThreadData {
      // One handle for all waits of this thread. It stays open until the process ends.
      if (thread === 0n) thread = c.OpenThread(SYNCHRONIZE, 0, c.GetCurrentThreadId());
      return { thread, frequency, slice: SLICE_MS };
    },

    failed,
  };
}
