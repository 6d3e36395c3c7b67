/**
 * The operating system's virtual memory for Deno, Bun and Node.js: `mmap` and
 * `VirtualAlloc`, called by each runtime's own FFI. No call can crash the process
 * unless its name starts with `unsafe`: views die with their mapping, and no
 * mapping dies while a view of it can be reached.
 *
 * The examples import the package as `sysalloc`: in Deno,
 * `deno add sysalloc@jsr:@sysalloc/sysalloc` gives it this name; in Bun and
 * Node.js it is the name of the npm package.
 *
 * @example Map a mebibyte
 * ```ts
 * import { MmapOptions } from "sysalloc";
 *
 * using mmap = new MmapOptions().len(1 << 20).mapAnon();
 * mmap.bytes[0] = 42;
 * console.log(mmap.bytes[0]); // 42
 * ```
 *
 * @module
 */
export { MmapOptions } from "./core/options.ts";
export type { MmapInit, MmapSettings } from "./core/checks/settings.ts";
export type { WasmMemory } from "./core/lifetime/engine_memory.ts";
export type { FileSource, FileUrl } from "./core/sources/opening.ts";
export type { SharedMode, SharedOptions } from "./core/sources/named.ts";
export { removeShared } from "./core/sources/shared_name.ts";
export { Mmap, type RawMmap } from "./core/mmap.ts";
export type { Access } from "./core/lifetime/mapping_info.ts";
export type { MmapTicket } from "./core/sharing/tickets.ts";
export type { MmapPin } from "./core/lifetime/pins.ts";
export type { MmapRange } from "./core/pages/matches.ts";
export type { PrefaultOptions } from "./core/pages/prefault.ts";
export type { FlushAsyncOptions } from "./core/waiting/flush_async.ts";
export type { WaitSignal } from "./core/waiting/pending.ts";
export type { WaitAsyncOptions } from "./core/waiting/wait_async.ts";
export type { WaitResult } from "./core/waiting/waiting.ts";
export type { ViewConstructor, ViewOf } from "./core/pages/view_type.ts";
export { allocationGranularity, maxViewByteLength, pageSize } from "./core/system.ts";
export { type Region, type RegionAccess, regions, type RegionsOptions } from "./core/regions.ts";
export { MmapError, type MmapErrorInit } from "./core/checks/errors.ts";
export type { Advice } from "./ffi/os/contract/residency.ts";
export type { Pointer } from "./ffi/runtime/runtime.ts";
