/**
 * What memory can be on Windows, in its own names.
 *
 * @module
 */

/** `MEM_COMMIT`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc} */
export const MEM_COMMIT = 0x1000;
/** `MEM_RESERVE` */
export const MEM_RESERVE = 0x2000;
/** `MEM_LARGE_PAGES` */
export const MEM_LARGE_PAGES = 0x2000_0000;
/** `MEM_RELEASE`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree} */
export const MEM_RELEASE = 0x8000;
/** `MEM_DECOMMIT` */
export const MEM_DECOMMIT = 0x4000;
/** `PAGE_NOACCESS`: {@link https://learn.microsoft.com/windows/win32/memory/memory-protection-constants} */
export const PAGE_NOACCESS = 0x1;
/** `PAGE_READONLY` */
export const PAGE_READONLY = 0x2;
/** `PAGE_READWRITE` */
export const PAGE_READWRITE = 0x4;
/** `PAGE_WRITECOPY` */
export const PAGE_WRITECOPY = 0x8;
/** `PAGE_EXECUTE_READ` */
export const PAGE_EXECUTE_READ = 0x20;
