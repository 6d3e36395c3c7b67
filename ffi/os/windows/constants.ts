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
/** `MEM_FREE`, as a state: {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information} */
export const MEM_FREE = 0x1_0000;
/** `MEM_PRIVATE`, as a type */
export const MEM_PRIVATE = 0x2_0000;
/** `MEM_MAPPED`, as a type */
export const MEM_MAPPED = 0x4_0000;
/** `PAGE_NOACCESS`: {@link https://learn.microsoft.com/windows/win32/memory/memory-protection-constants} */
export const PAGE_NOACCESS = 0x1;
/** `PAGE_READONLY` */
export const PAGE_READONLY = 0x2;
/** `PAGE_READWRITE` */
export const PAGE_READWRITE = 0x4;
/** `PAGE_WRITECOPY` */
export const PAGE_WRITECOPY = 0x8;
/** `PAGE_EXECUTE` */
export const PAGE_EXECUTE = 0x10;
/** `PAGE_EXECUTE_READ` */
export const PAGE_EXECUTE_READ = 0x20;
/** `PAGE_EXECUTE_READWRITE` */
export const PAGE_EXECUTE_READWRITE = 0x40;
/** `PAGE_EXECUTE_WRITECOPY` */
export const PAGE_EXECUTE_WRITECOPY = 0x80;
/** `PAGE_GUARD`, beside another one: the next access is an exception. */
export const PAGE_GUARD = 0x100;
