/**
 * Sizes that the operating system and the runtime determine.
 *
 * @module
 */
import { currentRuntime, host } from "../ffi/host.ts";

/**
 * Returns the page size in bytes: the unit of access and of backing memory. 4,096 on most systems;
 * 16,384 on Apple silicon, and 16,384 or 65,536 on some Linux arm64 kernels. It is read once.
 *
 * Calls [`sysconf(_SC_PAGESIZE)`](https://man7.org/linux/man-pages/man3/sysconf.3.html)
 * on Linux and macOS, and
 * [`GetSystemInfo`](https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-getsysteminfo)
 * on Windows.
 *
 * @returns The page size in bytes, a power of two.
 * @throws {Error} If the runtime does not permit FFI (Deno: `NotCapable`, use `--allow-ffi`) or has
 * none, or the system is not supported.
 *
 * @example Whole pages
 * ```ts
 * import { pageSize } from "sysalloc";
 *
 * const pages = Math.ceil(10_000 / pageSize());
 * console.log(`${pages} pages hold 10,000 bytes`);
 * ```
 */
export function pageSize(): number {
  return host().os.pageSize;
}

/**
 * Returns the allocation granularity in bytes: the system maps at multiples of it. 65,536 on
 * Windows, the page size elsewhere. It is read once.
 *
 * Calls [`GetSystemInfo`](https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-getsysteminfo)
 * on Windows, and
 * [`sysconf(_SC_PAGESIZE)`](https://man7.org/linux/man-pages/man3/sysconf.3.html)
 * elsewhere.
 *
 * @returns The granularity in bytes, a power of two and a multiple of the page size.
 * @throws {Error} As {@linkcode pageSize} does.
 *
 * @example An address for a strict hint
 * ```ts
 * import { allocationGranularity } from "sysalloc";
 *
 * const granularity = BigInt(allocationGranularity());
 * const wish = 0x7123_4567_89abn;
 * const address = wish - wish % granularity;
 * console.log(address);
 * ```
 */
export function allocationGranularity(): number {
  return host().os.allocationGranularity;
}

/**
 * Returns the length in bytes of the longest view that this runtime can make. Use several views for
 * a longer mapping.
 *
 * Deno and Node.js: longer than any address space, but 15 GiB in Deno 2.6.7 to 2.7 and in Node.js
 * 26.0 to 26.8, whose engine allows no more. Bun: 4 GiB (2^32), and 1.5 GiB before Bun 1.4.
 *
 * @returns The length in bytes.
 * @throws {Error} In Node.js below 26.9 without koffi, and in runtimes that are too old or not
 * supported.
 *
 * @example Views that every runtime can make
 * ```ts
 * import { maxViewByteLength } from "sysalloc";
 *
 * const windowByteLength = Math.min(8 * 2 ** 30, maxViewByteLength());
 * console.log(windowByteLength);
 * ```
 */
export function maxViewByteLength(): number {
  return currentRuntime().maxViewByteLength;
}
