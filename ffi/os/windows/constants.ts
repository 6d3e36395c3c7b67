/**
 * The constants of Windows.
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
/** `MEM_COALESCE_PLACEHOLDERS` */
export const MEM_COALESCE_PLACEHOLDERS = 0x1;
/** `MEM_PRESERVE_PLACEHOLDER` */
export const MEM_PRESERVE_PLACEHOLDER = 0x2;
/** `MEM_REPLACE_PLACEHOLDER`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3} */
export const MEM_REPLACE_PLACEHOLDER = 0x4000;
/** `MEM_RESERVE_PLACEHOLDER`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2} */
export const MEM_RESERVE_PLACEHOLDER = 0x40000;
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
/** `PAGE_GUARD`, in addition to another protection: the next access raises an exception. */
export const PAGE_GUARD = 0x100;

/** `GENERIC_READ`: {@link https://learn.microsoft.com/windows/win32/secauthz/generic-access-rights} */
export const GENERIC_READ = 0x8000_0000;
/** `GENERIC_WRITE` */
export const GENERIC_WRITE = 0x4000_0000;
/** `GENERIC_EXECUTE` */
export const GENERIC_EXECUTE = 0x2000_0000;
/** `FILE_SHARE_READ`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew} */
export const FILE_SHARE_READ = 0x1;
/** `FILE_SHARE_WRITE` */
export const FILE_SHARE_WRITE = 0x2;
/** `FILE_SHARE_DELETE` */
export const FILE_SHARE_DELETE = 0x4;
/** `OPEN_EXISTING` */
export const OPEN_EXISTING = 3;
/** `FILE_ATTRIBUTE_NORMAL` */
export const FILE_ATTRIBUTE_NORMAL = 0x80;
/**
 * `INVALID_HANDLE_VALUE`; with it instead of a file, `CreateFileMappingW` makes a section of the
 * paging file.
 */
export const INVALID_HANDLE_VALUE = 0xffff_ffff_ffff_ffffn;
/** The handle that `GetCurrentProcess()` returns: {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getcurrentprocess} */
export const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;
/** `DUPLICATE_SAME_ACCESS`: {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle} */
export const DUPLICATE_SAME_ACCESS = 0x2;
/** `FILE_MAP_COPY`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex} */
export const FILE_MAP_COPY = 0x1;
/** `FILE_MAP_WRITE`, which includes reading */
export const FILE_MAP_WRITE = 0x2;
/** `FILE_MAP_READ` */
export const FILE_MAP_READ = 0x4;
/** `FILE_MAP_EXECUTE` */
export const FILE_MAP_EXECUTE = 0x20;
/** `FILE_BEGIN`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfilepointerex} */
export const FILE_BEGIN = 0;

/** `SYNCHRONIZE`: {@link https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights} */
export const SYNCHRONIZE = 0x10_0000;
/** `SEMAPHORE_MODIFY_STATE` */
export const SEMAPHORE_MODIFY_STATE = 0x2;
/** `WAIT_OBJECT_0`: {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject} */
export const WAIT_OBJECT_0 = 0x0;
/** `WAIT_ABANDONED` */
export const WAIT_ABANDONED = 0x80;
/** `WAIT_TIMEOUT` */
export const WAIT_TIMEOUT = 0x102;
/** `TOKEN_ADJUST_PRIVILEGES`: {@link https://learn.microsoft.com/windows/win32/secauthz/access-rights-for-access-token-objects} */
export const TOKEN_ADJUST_PRIVILEGES = 0x20;
/** `SE_PRIVILEGE_ENABLED`: {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-token_privileges} */
export const SE_PRIVILEGE_ENABLED = 0x2;

/** `ERROR_FILE_NOT_FOUND`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes} */
export const ERROR_FILE_NOT_FOUND = 2;
/** `ERROR_INVALID_PARAMETER` */
export const ERROR_INVALID_PARAMETER = 87;
/** `ERROR_NOT_LOCKED` */
export const ERROR_NOT_LOCKED = 158;
/** `ERROR_ALREADY_EXISTS` */
export const ERROR_ALREADY_EXISTS = 183;
/** `ERROR_WORKING_SET_QUOTA` */
export const ERROR_WORKING_SET_QUOTA = 1453;
