/**
 * Waiting on Windows, by semaphores that processes find by their names.
 * `WaitOnAddress` serves the threads of one process only, and does not count.
 *
 * Who waits for a word takes a place in a row, and makes two objects there. A
 * semaphore of at most 2, at 0: who wakes adds 2, which fails where somebody has
 * before, and the sleeper takes 1, so that nobody can after. Leaving it adds 2
 * itself: then it is known who was first. And a mutex that its thread owns:
 * where that ends, the system gives it up, and who wakes passes by. All of a
 * process that ends is gone with it.
 *
 * The place is taken before the word is compared, and who wakes has stored
 * before it looks for places: one of both sees the other.
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
import { windowsIdentify } from "./file_information.ts";
import { high, low, wide, type WindowsLibrary } from "./library.ts";
import { WINDOWS_THREAD_SOURCE } from "./waiting_thread.ts";

/** How many places share a mark, by which who wakes sees that there can be somebody. */
const BLOCK = 8;

/** A place in the row of a word. */
interface Spot {
  readonly semaphore: bigint;
  readonly mutex: bigint;
  /** The marks of its block and of those before. */
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
  const identify = windowsIdentify(library);
  const number = new BigInt64Array(1);
  const numberBytes = new Uint8Array(number.buffer);
  const word = new Int32Array(1);
  const wordBytes = new Uint8Array(word.buffer);
  c.QueryPerformanceFrequency(numberBytes);
  const frequency = number[0]!;
  const process = c.GetCurrentProcessId();
  /** What the names of a mapping's words have in common. */
  const names: WeakMap<object, string> = new WeakMap();
  let thread = 0n;

  /** The count of the clock, which is not that of the timers: it is exact. */
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

  /** The name of a word, of which those of its objects are made. */
  const nameOf = ({ address, place }: Word): string | Failure => {
    if (place === undefined) return `Local\\sysalloc.${process}.${address.toString(16)}`;
    const { memory: { name, file }, offset } = place;
    let memory = names.get(place.memory);
    if (memory === undefined) {
      if (name !== undefined) memory = `n.${name.toString(16)}`;
      else {
        const identity = identify(file ?? 0);
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
      // Who has left, and is about to be woken, can still have its semaphore there.
      if (c.GetLastError() !== ERROR_ALREADY_EXISTS) return { semaphore, mutex, marks };
      c.ReleaseMutex(mutex);
      close(semaphore, mutex);
    }
  };

  /** Adds 2, once. */
  const claim = (semaphore: bigint) => c.ReleaseSemaphore(semaphore, 2, 0n) !== 0;

  /** Leaves a place; tells whether it was woken. */
  const leave = ({ semaphore, mutex, marks }: Spot): boolean => {
    const wasWoken = !claim(semaphore);
    c.ReleaseMutex(mutex);
    close(semaphore, mutex, ...marks);
    return wasWoken;
  };

  /** Takes a place and compares. */
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

  /** Opens what has a name; `undefined` where there is no such thing. */
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

  /** Whether the thread that has a place has ended. The first to ask is told, and nobody after. */
  const isAbandoned = (mutex: bigint): boolean => {
    const owner = c.WaitForSingleObject(mutex, 0);
    if (owner === WAIT_OBJECT_0 || owner === WAIT_ABANDONED) c.ReleaseMutex(mutex);
    return owner === WAIT_ABANDONED;
  };

  /** Wakes who has a place; tells whether somebody has, and was not woken before. */
  const wake = (name: string): boolean | Failure => {
    const access = SYNCHRONIZE | SEMAPHORE_MODIFY_STATE;
    const semaphore = find("OpenSemaphoreW", access, name);
    if (typeof semaphore !== "bigint") return semaphore ?? false;
    const mutex = find("OpenMutexW", SYNCHRONIZE, `${name}.mutex`);
    if (typeof mutex !== "bigint") {
      close(semaphore);
      return mutex ?? false;
    }
    // Whoever claims it asks, and nobody beside: two that ask at once can both take the dead for alive.
    const isWoken = claim(semaphore) && !isAbandoned(mutex);
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

    threadSource: WINDOWS_THREAD_SOURCE,

    threadData() {
      // One for all that this thread starts: it is closed when the process ends.
      if (thread === 0n) thread = c.OpenThread(SYNCHRONIZE, 0, c.GetCurrentThreadId());
      return { thread, frequency, slice: SLICE_MS };
    },

    failed,
  };
}
