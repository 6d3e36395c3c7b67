/**
 * The calls of Windows on semaphores, mutexes, events and clocks.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";
import { wideTextOf } from "./texts.ts";

export function waitingCalls({ kernel, setError, failing, status }: Calls): StandIns {
  const [ERROR_FILE_NOT_FOUND, ERROR_ALREADY_EXISTS, ERROR_TOO_MANY_POSTS] = [2, 183, 298];
  const [WAIT_TIMEOUT, WAIT_FAILED] = [258, 0xffff_ffff];
  /** The semaphores and mutexes, by handle. Those of one name share a count. */
  const objects: Map<bigint, { readonly name: string; count: number }> = new Map();
  const named = (name: string) =>
    [...objects].find(([handle, object]) => object.name === name && kernel.open.has(Number(handle)))
      ?.[1];

  const create = (name: string, count: number) => {
    const same = named(name);
    if (same !== undefined) setError(ERROR_ALREADY_EXISTS);
    const handle = BigInt(kernel.opened("object"));
    objects.set(handle, same ?? { name, count });
    return handle;
  };
  const find = (_access: number, _inherits: number, name: Uint8Array) => {
    const same = named(wideTextOf(name));
    if (same === undefined) throw new Refusal(ERROR_FILE_NOT_FOUND);
    return create(same.name, same.count);
  };

  return {
    ...failing(0n, {
      CreateSemaphoreW: (_security: bigint, count: number, _maximum: number, name: Uint8Array) =>
        create(wideTextOf(name), count),
      CreateMutexW: (_security: bigint, _isOwned: number, name: Uint8Array) =>
        create(wideTextOf(name), 0),
      OpenSemaphoreW: find,
      OpenMutexW: find,
      CreateEventW: () => BigInt(kernel.opened("event")),
    }),
    ...failing(WAIT_FAILED, { WaitForSingleObject: () => WAIT_TIMEOUT }),
    ...status({
      ReleaseSemaphore(handle: bigint, count: number) {
        const object = objects.get(handle)!;
        if (object.count > 0) throw new Refusal(ERROR_TOO_MANY_POSTS);
        object.count += count;
      },
      ReleaseMutex() {},
      SetEvent() {},
    }),
    QueryPerformanceCounter(count: Uint8Array) {
      new DataView(count.buffer).setBigInt64(0, kernel.now() / 100n, true);
      return 1;
    },
    QueryPerformanceFrequency(frequency: Uint8Array) {
      new DataView(frequency.buffer).setBigInt64(0, 10_000_000n, true);
      return 1;
    },
    GetCurrentProcessId: () => 1234,
    GetCurrentThreadId: () => 1235,
    OpenThread: () => 1236n,
  };
}
