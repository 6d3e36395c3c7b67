/**
 * The C functions of Windows that the library calls, by the libraries that they are in.
 *
 * @module
 */

/** The functions of `kernel32.dll`. */
export const KERNEL32 = {
  // LPVOID VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType, DWORD flProtect)
  VirtualAlloc: { parameters: ["usize", "usize", "u32", "u32"], result: "usize" },
  // BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType)
  VirtualFree: { parameters: ["usize", "usize", "u32"], result: "i32" },
  // BOOL VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect, PDWORD lpflOldProtect)
  VirtualProtect: { parameters: ["usize", "usize", "u32", "buffer"], result: "i32" },
  // SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
  VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  // BOOL VirtualLock(LPVOID lpAddress, SIZE_T dwSize)
  VirtualLock: { parameters: ["usize", "usize"], result: "i32" },
  // BOOL VirtualUnlock(LPVOID lpAddress, SIZE_T dwSize)
  VirtualUnlock: { parameters: ["usize", "usize"], result: "i32" },
  // DWORD DiscardVirtualMemory(PVOID VirtualAddress, SIZE_T Size): returns the error
  DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
  // BOOL PrefetchVirtualMemory(HANDLE hProcess, ULONG_PTR NumberOfEntries,
  //   PWIN32_MEMORY_RANGE_ENTRY VirtualAddresses, ULONG Flags)
  PrefetchVirtualMemory: { parameters: ["usize", "usize", "buffer", "u32"], result: "i32" },
  // BOOL GetProcessWorkingSetSize(HANDLE hProcess, PSIZE_T lpMinimumWorkingSetSize,
  //   PSIZE_T lpMaximumWorkingSetSize)
  GetProcessWorkingSetSize: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
  // BOOL SetProcessWorkingSetSize(HANDLE hProcess, SIZE_T dwMinimumWorkingSetSize,
  //   SIZE_T dwMaximumWorkingSetSize)
  SetProcessWorkingSetSize: { parameters: ["usize", "usize", "usize"], result: "i32" },
  // BOOL K32QueryWorkingSetEx(HANDLE hProcess, PVOID pv, DWORD cb)
  K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" },
  // SIZE_T GetLargePageMinimum(void)
  GetLargePageMinimum: { parameters: [], result: "usize" },
  // BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer, SIZE_T nSize,
  //   SIZE_T *lpNumberOfBytesRead)
  ReadProcessMemory: { parameters: ["usize", "usize", "buffer", "usize", "usize"], result: "i32" },
  // BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress, LPCVOID lpBuffer, SIZE_T nSize,
  //   SIZE_T *lpNumberOfBytesWritten)
  WriteProcessMemory: { parameters: ["usize", "usize", "buffer", "usize", "usize"], result: "i32" },

  // HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
  //   LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
  //   DWORD dwFlagsAndAttributes, HANDLE hTemplateFile)
  CreateFileW: {
    parameters: ["buffer", "u32", "u32", "usize", "u32", "u32", "usize"],
    result: "usize",
  },
  // BOOL DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle,
  //   HANDLE hTargetProcessHandle, LPHANDLE lpTargetHandle, DWORD dwDesiredAccess,
  //   BOOL bInheritHandle, DWORD dwOptions)
  DuplicateHandle: {
    parameters: ["usize", "usize", "usize", "buffer", "u32", "i32", "u32"],
    result: "i32",
  },
  // BOOL CloseHandle(HANDLE hObject)
  CloseHandle: { parameters: ["usize"], result: "i32" },
  // BOOL GetFileInformationByHandle(HANDLE hFile, LPBY_HANDLE_FILE_INFORMATION lpFileInformation)
  GetFileInformationByHandle: { parameters: ["usize", "buffer"], result: "i32" },
  // BOOL GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize)
  GetFileSizeEx: { parameters: ["usize", "buffer"], result: "i32" },
  // BOOL SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove,
  //   PLARGE_INTEGER lpNewFilePointer, DWORD dwMoveMethod)
  SetFilePointerEx: { parameters: ["usize", "i64", "usize", "u32"], result: "i32" },
  // BOOL SetEndOfFile(HANDLE hFile)
  SetEndOfFile: { parameters: ["usize"], result: "i32" },
  // BOOL FlushFileBuffers(HANDLE hFile)
  FlushFileBuffers: { parameters: ["usize"], result: "i32" },
  // HANDLE CreateFileMappingW(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
  //   DWORD flProtect, DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCWSTR lpName)
  CreateFileMappingW: {
    parameters: ["usize", "usize", "u32", "u32", "u32", "usize"],
    result: "usize",
  },
  // HANDLE OpenFileMappingW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
  OpenFileMappingW: { parameters: ["u32", "i32", "buffer"], result: "usize" },
  // LPVOID MapViewOfFile(HANDLE hFileMappingObject, DWORD dwDesiredAccess, DWORD dwFileOffsetHigh,
  //   DWORD dwFileOffsetLow, SIZE_T dwNumberOfBytesToMap)
  MapViewOfFile: { parameters: ["usize", "u32", "u32", "u32", "usize"], result: "usize" },
  // LPVOID MapViewOfFileEx(…, LPVOID lpBaseAddress), the same at an address
  MapViewOfFileEx: {
    parameters: ["usize", "u32", "u32", "u32", "usize", "usize"],
    result: "usize",
  },
  // BOOL UnmapViewOfFile(LPCVOID lpBaseAddress)
  UnmapViewOfFile: { parameters: ["usize"], result: "i32" },
  // BOOL FlushViewOfFile(LPCVOID lpBaseAddress, SIZE_T dwNumberOfBytesToFlush)
  FlushViewOfFile: { parameters: ["usize", "usize"], result: "i32" },
  // DWORD K32GetMappedFileNameW(HANDLE hProcess, LPVOID lpv, LPWSTR lpFilename, DWORD nSize)
  K32GetMappedFileNameW: { parameters: ["usize", "usize", "buffer", "u32"], result: "u32" },
  // DWORD GetLogicalDrives(void)
  GetLogicalDrives: { parameters: [], result: "u32" },
  // DWORD QueryDosDeviceW(LPCWSTR lpDeviceName, LPWSTR lpTargetPath, DWORD ucchMax)
  QueryDosDeviceW: { parameters: ["buffer", "buffer", "u32"], result: "u32" },

  // HANDLE CreateSemaphoreW(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount,
  //   LONG lMaximumCount, LPCWSTR lpName)
  CreateSemaphoreW: { parameters: ["usize", "i32", "i32", "buffer"], result: "usize" },
  // HANDLE OpenSemaphoreW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
  OpenSemaphoreW: { parameters: ["u32", "i32", "buffer"], result: "usize" },
  // BOOL ReleaseSemaphore(HANDLE hSemaphore, LONG lReleaseCount, LPLONG lpPreviousCount)
  ReleaseSemaphore: { parameters: ["usize", "i32", "usize"], result: "i32" },
  // HANDLE CreateMutexW(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner, LPCWSTR lpName)
  CreateMutexW: { parameters: ["usize", "i32", "buffer"], result: "usize" },
  // HANDLE OpenMutexW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
  OpenMutexW: { parameters: ["u32", "i32", "buffer"], result: "usize" },
  // BOOL ReleaseMutex(HANDLE hMutex)
  ReleaseMutex: { parameters: ["usize"], result: "i32" },
  // HANDLE CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
  //   BOOL bInitialState, LPCWSTR lpName)
  CreateEventW: { parameters: ["usize", "i32", "i32", "usize"], result: "usize" },
  // BOOL SetEvent(HANDLE hEvent)
  SetEvent: { parameters: ["usize"], result: "i32" },
  // DWORD WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds)
  WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
  // BOOL QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount)
  QueryPerformanceCounter: { parameters: ["buffer"], result: "i32" },
  // BOOL QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency)
  QueryPerformanceFrequency: { parameters: ["buffer"], result: "i32" },

  // void GetSystemInfo(LPSYSTEM_INFO lpSystemInfo)
  GetSystemInfo: { parameters: ["buffer"], result: "void" },
  // DWORD GetLastError(void)
  GetLastError: { parameters: [], result: "u32" },
  // DWORD GetCurrentProcessId(void)
  GetCurrentProcessId: { parameters: [], result: "u32" },
  // DWORD GetCurrentThreadId(void)
  GetCurrentThreadId: { parameters: [], result: "u32" },
  // HANDLE OpenThread(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwThreadId)
  OpenThread: { parameters: ["u32", "i32", "u32"], result: "usize" },
} as const;

/** `CreateFileMappingW` with a name. */
export const NAMED_MAPPING = {
  CreateFileMappingW: {
    parameters: ["usize", "usize", "u32", "u32", "u32", "buffer"],
    result: "usize",
  },
} as const;

/** The functions of `kernelbase.dll` that kernel32 does not export. */
export const KERNELBASE = {
  // PVOID VirtualAlloc2(HANDLE Process, PVOID BaseAddress, SIZE_T Size, ULONG AllocationType,
  //   ULONG PageProtection, MEM_EXTENDED_PARAMETER *ExtendedParameters, ULONG ParameterCount)
  VirtualAlloc2: {
    parameters: ["usize", "usize", "usize", "u32", "u32", "usize", "u32"],
    result: "usize",
  },
  // PVOID MapViewOfFile3(HANDLE FileMapping, HANDLE Process, PVOID BaseAddress, ULONG64 Offset,
  //   SIZE_T ViewSize, ULONG AllocationType, ULONG PageProtection,
  //   MEM_EXTENDED_PARAMETER *ExtendedParameters, ULONG ParameterCount)
  MapViewOfFile3: {
    parameters: ["usize", "usize", "usize", "usize", "usize", "u32", "u32", "usize", "u32"],
    result: "usize",
  },
  // BOOL UnmapViewOfFile2(HANDLE Process, PVOID BaseAddress, ULONG UnmapFlags)
  UnmapViewOfFile2: { parameters: ["usize", "usize", "u32"], result: "i32" },
} as const;

/** The functions of `advapi32.dll`. */
export const ADVAPI32 = {
  // BOOL OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle)
  OpenProcessToken: { parameters: ["usize", "u32", "buffer"], result: "i32" },
  // BOOL LookupPrivilegeValueW(LPCWSTR lpSystemName, LPCWSTR lpName, PLUID lpLuid)
  LookupPrivilegeValueW: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
  // BOOL AdjustTokenPrivileges(HANDLE TokenHandle, BOOL DisableAllPrivileges,
  //   PTOKEN_PRIVILEGES NewState, DWORD BufferLength, PTOKEN_PRIVILEGES PreviousState,
  //   PDWORD ReturnLength)
  AdjustTokenPrivileges: {
    parameters: ["usize", "i32", "buffer", "u32", "usize", "usize"],
    result: "i32",
  },
} as const;

/** The functions of `ntdll.dll`. */
export const NTDLL = {
  // VOID RtlZeroMemory(VOID UNALIGNED *Destination, SIZE_T Length)
  RtlZeroMemory: { parameters: ["usize", "usize"], result: "void" },
} as const;

/** The functions of `ucrtbase.dll`, the C library. */
export const UCRTBASE = {
  // void *memchr(const void *buffer, int c, size_t count)
  memchr: { parameters: ["usize", "i32", "usize"], result: "usize" },
  // void *memmove(void *dest, const void *src, size_t count): returns dest
  memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
} as const;
