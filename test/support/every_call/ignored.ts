/**
 * The failures of native calls that are no error of the public call, or that
 * another error names.
 *
 * @module
 */

/** The failures that are no error, and why; the row is one of each system that makes the call. */
export const IGNORED: readonly (readonly [scenario: RegExp, call: string, why: string])[] = [
  [/^map(Mut|Read|Exec)?\(\)|file/, "fstatfs", "then it is taken for a file like any other"],
  [/./, "close", "it is closed all the same"],
  [/./, "CloseHandle", "it is closed all the same"],
  [/at a hint$/, "VirtualAlloc", "Windows is asked once more, without the hint"],
  [/at a hint$/, "MapViewOfFileEx", "Windows is asked once more, without the hint"],
  [/of a descriptor$/, "fstat", "then it is taken for a file like any other"],
  [/that the system opens$/, "open", "the runtime is asked to open it"],
  [/that the system opens$/, "CreateFileW", "the runtime is asked to open it"],
  [/that the system opens$/, "fstat", "the runtime is asked to open it"],
  [/that the system opens$/, "GetFileInformationByHandle", "the runtime is asked to open it"],
  [/^mapMut\(\) of a descriptor$/, "open", "only resizing needs the file's own opening"],
  [
    /^map(Shared|Mut)?\(\) .*populated/,
    "madvise",
    "a page that cannot be read now is when it is used",
  ],
  [/populated/, "mach_vm_read_overwrite", "a page that cannot be read now is when it is used"],
  [/populated/, "ReadProcessMemory", "a page that cannot be read now is when it is used"],
  [/^discard\(\)$|decommitted$|^decommit/, "madvise", "it is mapped over instead"],
  [/^discard\(\) of a file$/, "madvise", "it is tried once more, without locks"],
  [/^(unmap|release)\(\) .*viewed$/, "madvise", "it is mapped over instead"],
  [/^unmap\(\) of memory with a capacity that/, "munmap", "all of the range is held"],
  [/^(unmap|release)\(\) .*viewed$/, "mmap", "the memory goes with the range"],
  [/^(unmap|release)\(\) .*viewed$/, "DiscardVirtualMemory", "the memory goes with the range"],
  [/^(protect|commit)\(\) of parts$/, "madvise", "it is mapped over instead"],
  [/^discard\(\) of what is locked$/, "madvise", "it is mapped over instead"],
  [/^discard\(\) of a file that is locked$/, "madvise", "it is tried once more, without locks"],
  [/is locked/, "VirtualUnlock", "what is locked takes up memory, and no more"],
  [/^resize\(\) .*longer( elsewhere)?$/, "mmap", "it is moved"],
  [/^resize\(\) .*longer( elsewhere)?$/, "mremap", "it is copied"],
  [/^resize\(\) .*viewed/, "madvise", "it is mapped over instead"],
  [/^resize\(\) .*viewed/, "mmap", "the memory goes with the range"],
  [/^resize\(\) .*viewed/, "DiscardVirtualMemory", "the memory goes with the range"],
  [/^prefault\(\) of a file/, "mach_vm_read_overwrite", "it is when it is used"],
  [/^prefault\(\) of a file/, "ReadProcessMemory", "it is when it is used"],
  [/^(lastIndexOf|count|split)\(\)/, "sigaction", "the kernel copies the bytes then"],
  [/name$/, "prctl", "older kernels have no names"],
  [/huge pages, aligned/, "mmap", "another place is tried"],
  [/aligned/, "VirtualAlloc", "another place is tried"],
  [/huge pages, aligned/, "madvise", "another place is tried"],
  [/aligned/, "CreateFileMappingW", "another place is tried"],
  [/aligned/, "MapViewOfFileEx", "another place is tried"],
  [/huge pages/, "OpenProcessToken", "the mapping tells whether it is allowed"],
  [/huge pages/, "LookupPrivilegeValueW", "the mapping tells whether it is allowed"],
  [/huge pages/, "AdjustTokenPrivileges", "the mapping tells whether it is allowed"],
  [/^mapMirrored\(\) at a hint$/, "VirtualAlloc2", "Windows is asked once more, without the hint"],
  [/^regions\(\)/, "proc_regionfilename", "then it has no path"],
  [/^regions\(\)/, "K32GetMappedFileNameW", "then it has no path"],
  [/^regions\(\)/, "GetLogicalDrives", "paths start with the device then"],
  [/^regions\(\)/, "QueryDosDeviceW", "paths start with the device then"],
  [/^mapShared\(\) that makes/, "open", "how much memory is available need not be known"],
  [/^mapShared\(\) that makes/, "read", "how much memory is available need not be known"],
  [/^mapShared\(\) that makes/, "unlink", "the name that it had at first does no harm"],
  [/of the engine$/, "munmap", "a page that was tried elsewhere is unmapped later"],
  [/of the engine$/, "proc_regionfilename", "then it has no path"],
  [/^mapShared\(\) that opens/, "UnmapViewOfFile", "it is tried once more"],
  [/^unmap\(\) of a mirror/, "UnmapViewOfFile", "the half that is left is tried once more"],
  [/^unmap\(\) where/, "futex", "the thread looks from time to time"],
  [/^unmap\(\) where/, "SetEvent", "the thread was not begun"],
  [/^(wait|unmap|notify)/, "ReleaseSemaphore", "somebody else was first"],
  [/^(wait|unmap)/, "ReleaseMutex", "it is closed"],
  [/^notify\(\) where/, "WaitForSingleObject", "its thread is taken for one that goes on"],
];

/** The calls that are made to overcome another's failure, which the error names. */
export const BLAMED: readonly (readonly [
  scenario: RegExp,
  call: string,
  blamed: readonly [syscall: string, osError: number],
])[] = [
  [/^lock\(\)/, "GetProcessWorkingSetSize", ["VirtualLock", 1453]],
  [/^lock\(\)/, "SetProcessWorkingSetSize", ["VirtualLock", 1453]],
  [/^discard\(\) of a file that is locked$/, "munlock", ["madvise", 22]],
];
