import { assertEquals, assertStrictEquals } from "@std/assert";
import type { MapRequest } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { windows } from "../../ffi/os/windows/os.ts";
import { windowsErrors } from "../../ffi/os/windows/errors.ts";
import {
  type Call,
  type FakeSystem,
  fakeWindows,
  request,
  type Script,
} from "../support/fake_runtime.ts";
import { test } from "../support/harness.ts";

const ADDRESS = 0x1_8000_0000n;
const HINT = 0x2_0000_0000n;
const RESERVE_AND_COMMIT = 0x3000;
const READ_WRITE = 4;

/** https://learn.microsoft.com/windows/win32/debug/system-error-codes */
const ERRORS: readonly (readonly [number, win32: string, code: string])[] = [
  [1, "ERROR_INVALID_FUNCTION", "ENOTSUP"],
  [2, "ERROR_FILE_NOT_FOUND", "ENOENT"],
  [3, "ERROR_PATH_NOT_FOUND", "ENOENT"],
  [4, "ERROR_TOO_MANY_OPEN_FILES", "EMFILE"],
  [5, "ERROR_ACCESS_DENIED", "EACCES"],
  [6, "ERROR_INVALID_HANDLE", "EBADF"],
  [8, "ERROR_NOT_ENOUGH_MEMORY", "ENOMEM"],
  [13, "ERROR_INVALID_DATA", "EINVAL"],
  [14, "ERROR_OUTOFMEMORY", "ENOMEM"],
  [15, "ERROR_INVALID_DRIVE", "ENOENT"],
  [17, "ERROR_NOT_SAME_DEVICE", "EXDEV"],
  [19, "ERROR_WRITE_PROTECT", "EROFS"],
  [20, "ERROR_BAD_UNIT", "ENXIO"],
  [21, "ERROR_NOT_READY", "ENXIO"],
  [23, "ERROR_CRC", "EIO"],
  [24, "ERROR_BAD_LENGTH", "EINVAL"],
  [25, "ERROR_SEEK", "EIO"],
  [27, "ERROR_SECTOR_NOT_FOUND", "EIO"],
  [29, "ERROR_WRITE_FAULT", "EIO"],
  [30, "ERROR_READ_FAULT", "EIO"],
  [31, "ERROR_GEN_FAILURE", "EIO"],
  [32, "ERROR_SHARING_VIOLATION", "EBUSY"],
  [33, "ERROR_LOCK_VIOLATION", "EBUSY"],
  [39, "ERROR_HANDLE_DISK_FULL", "ENOSPC"],
  [50, "ERROR_NOT_SUPPORTED", "ENOTSUP"],
  [53, "ERROR_BAD_NETPATH", "EHOSTUNREACH"],
  [55, "ERROR_DEV_NOT_EXIST", "ENXIO"],
  [59, "ERROR_UNEXP_NET_ERR", "EIO"],
  [64, "ERROR_NETNAME_DELETED", "ECONNRESET"],
  [65, "ERROR_NETWORK_ACCESS_DENIED", "EACCES"],
  [67, "ERROR_BAD_NET_NAME", "ENOENT"],
  [80, "ERROR_FILE_EXISTS", "EEXIST"],
  [82, "ERROR_CANNOT_MAKE", "EACCES"],
  [87, "ERROR_INVALID_PARAMETER", "EINVAL"],
  [108, "ERROR_DRIVE_LOCKED", "EBUSY"],
  [109, "ERROR_BROKEN_PIPE", "EPIPE"],
  [110, "ERROR_OPEN_FAILED", "EIO"],
  [111, "ERROR_BUFFER_OVERFLOW", "ENAMETOOLONG"],
  [112, "ERROR_DISK_FULL", "ENOSPC"],
  [120, "ERROR_CALL_NOT_IMPLEMENTED", "ENOSYS"],
  [121, "ERROR_SEM_TIMEOUT", "ETIMEDOUT"],
  [122, "ERROR_INSUFFICIENT_BUFFER", "EINVAL"],
  [123, "ERROR_INVALID_NAME", "ENOENT"],
  [131, "ERROR_NEGATIVE_SEEK", "EINVAL"],
  [132, "ERROR_SEEK_ON_DEVICE", "ESPIPE"],
  [148, "ERROR_PATH_BUSY", "EBUSY"],
  [161, "ERROR_BAD_PATHNAME", "ENOENT"],
  [170, "ERROR_BUSY", "EBUSY"],
  [183, "ERROR_ALREADY_EXISTS", "EEXIST"],
  [193, "ERROR_BAD_EXE_FORMAT", "ENOEXEC"],
  [206, "ERROR_FILENAME_EXCED_RANGE", "ENAMETOOLONG"],
  [212, "ERROR_LOCKED", "EBUSY"],
  [223, "ERROR_FILE_TOO_LARGE", "EFBIG"],
  [225, "ERROR_VIRUS_INFECTED", "EACCES"],
  [258, "WAIT_TIMEOUT", "ETIMEDOUT"],
  [267, "ERROR_DIRECTORY", "ENOTDIR"],
  [298, "ERROR_TOO_MANY_POSTS", "EOVERFLOW"],
  [299, "ERROR_PARTIAL_COPY", "EFAULT"],
  [303, "ERROR_DELETE_PENDING", "EBUSY"],
  [483, "ERROR_DEVICE_HARDWARE_ERROR", "EIO"],
  [487, "ERROR_INVALID_ADDRESS", "EINVAL"],
  [534, "ERROR_ARITHMETIC_OVERFLOW", "EOVERFLOW"],
  [577, "ERROR_INVALID_IMAGE_HASH", "EACCES"],
  [665, "ERROR_FILE_SYSTEM_LIMITATION", "EFBIG"],
  [740, "ERROR_ELEVATION_REQUIRED", "EACCES"],
  [995, "ERROR_OPERATION_ABORTED", "ECANCELED"],
  [998, "ERROR_NOACCESS", "EFAULT"],
  [999, "ERROR_SWAPERROR", "EIO"],
  [1004, "ERROR_INVALID_FLAGS", "EINVAL"],
  [1006, "ERROR_FILE_INVALID", "EINVAL"],
  [1112, "ERROR_NO_MEDIA_IN_DRIVE", "ENXIO"],
  [1117, "ERROR_IO_DEVICE", "EIO"],
  [1130, "ERROR_NOT_ENOUGH_SERVER_MEMORY", "ENOMEM"],
  [1132, "ERROR_MAPPED_ALIGNMENT", "EINVAL"],
  [1167, "ERROR_DEVICE_NOT_CONNECTED", "ENXIO"],
  [1223, "ERROR_CANCELLED", "ECANCELED"],
  [1224, "ERROR_USER_MAPPED_FILE", "EBUSY"],
  [1225, "ERROR_CONNECTION_REFUSED", "ECONNREFUSED"],
  [1231, "ERROR_NETWORK_UNREACHABLE", "ENETUNREACH"],
  [1232, "ERROR_HOST_UNREACHABLE", "EHOSTUNREACH"],
  [1236, "ERROR_CONNECTION_ABORTED", "ECONNABORTED"],
  [1260, "ERROR_ACCESS_DISABLED_BY_POLICY", "EACCES"],
  [1295, "ERROR_DISK_QUOTA_EXCEEDED", "EDQUOT"],
  [1300, "ERROR_NOT_ALL_ASSIGNED", "EPERM"],
  [1314, "ERROR_PRIVILEGE_NOT_HELD", "EPERM"],
  [1392, "ERROR_FILE_CORRUPT", "EIO"],
  [1393, "ERROR_DISK_CORRUPT", "EIO"],
  [1450, "ERROR_NO_SYSTEM_RESOURCES", "ENOMEM"],
  [1451, "ERROR_NONPAGED_SYSTEM_RESOURCES", "ENOMEM"],
  [1452, "ERROR_PAGED_SYSTEM_RESOURCES", "ENOMEM"],
  [1453, "ERROR_WORKING_SET_QUOTA", "ENOMEM"],
  [1454, "ERROR_PAGEFILE_QUOTA", "ENOMEM"],
  [1455, "ERROR_COMMITMENT_LIMIT", "ENOMEM"],
  [1460, "ERROR_TIMEOUT", "ETIMEDOUT"],
  [1655, "ERROR_DYNAMIC_CODE_BLOCKED", "EACCES"],
  [1816, "ERROR_NOT_ENOUGH_QUOTA", "ENOMEM"],
  [1920, "ERROR_CANT_ACCESS_FILE", "EACCES"],
  [1921, "ERROR_CANT_RESOLVE_FILENAME", "ELOOP"],
  [2250, "ERROR_NOT_CONNECTED", "ENOTCONN"],
];

function opened(script: Script = {}): FakeSystem & { os: Os } {
  const fake = fakeWindows(script);
  const os = windows(fake.runtime);
  fake.runtime.calls.length = 0;
  return { ...fake, os };
}

function virtualAlloc(address: bigint, byteLength = 4096n): Call {
  return ["VirtualAlloc", address, byteLength, RESERVE_AND_COMMIT, READ_WRITE];
}

test("windows() opens kernel32.dll and ntdll.dll with the functions as C declares them", () => {
  const { runtime } = fakeWindows();
  windows(runtime);
  assertEquals(runtime.opened, [{
    library: "kernel32.dll",
    table: {
      VirtualAlloc: {
        parameters: ["usize", "usize", "u32", "u32"],
        result: "usize",
      },
      VirtualFree: { parameters: ["usize", "usize", "u32"], result: "i32" },
      VirtualProtect: { parameters: ["usize", "usize", "u32", "buffer"], result: "i32" },
      DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
      GetLastError: { parameters: [], result: "u32" },
      GetSystemInfo: { parameters: ["buffer"], result: "void" },
    },
  }, {
    library: "ntdll.dll",
    table: { RtlZeroMemory: { parameters: ["usize", "usize"], result: "void" } },
  }]);
});

test("windows() asks once for a SYSTEM_INFO of 48 bytes when opened", () => {
  const { runtime } = fakeWindows();
  windows(runtime);
  const [[name, info] = [], ...more] = runtime.calls;
  assertStrictEquals(name, "GetSystemInfo");
  assertStrictEquals((info as Uint8Array).byteLength, 48);
  assertEquals(more, []);
});

for (
  const [pageSize, allocationGranularity] of [
    [4096, 65_536],
    [16_384, 65_536],
    [65_536, 131_072],
  ] as const
) {
  test(`windows() has the system's page size and granularity when they are ${pageSize} and ${allocationGranularity} bytes`, () => {
    const { os } = opened({ pageSize, allocationGranularity });
    assertStrictEquals(os.pageSize, pageSize);
    assertStrictEquals(os.allocationGranularity, allocationGranularity);
  });
}

test("windows() leaves populating to the core", () => {
  assertStrictEquals(opened().os.populates, false);
});

const FLAGS: readonly Partial<MapRequest>[] = [
  {},
  { populate: true },
  { noReserve: true },
  { populate: true, noReserve: true },
];

const CASES: readonly {
  readonly when: string;
  readonly change: Partial<MapRequest>;
  readonly map: (bigint | number)[];
  readonly calls: Call[];
  readonly result: ReturnType<Os["map"]>;
}[] = [
  {
    when: "there is no hint",
    change: {},
    map: [ADDRESS],
    calls: [virtualAlloc(0n)],
    result: ADDRESS,
  },
  {
    when: "there is no hint and no memory",
    change: {},
    map: [8],
    calls: [virtualAlloc(0n), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 8, code: "ENOMEM" },
  },
  {
    when: "the hint is free",
    change: { hint: HINT },
    map: [HINT],
    calls: [virtualAlloc(HINT)],
    result: HINT,
  },
  {
    when: "the hint is taken",
    change: { hint: HINT },
    map: [487, ADDRESS],
    calls: [virtualAlloc(HINT), virtualAlloc(0n)],
    result: ADDRESS,
  },
  {
    when: "the hint is taken and there is no memory elsewhere",
    change: { hint: HINT },
    map: [487, 1455],
    calls: [virtualAlloc(HINT), virtualAlloc(0n), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 1455, code: "ENOMEM" },
  },
  {
    when: "the strict hint is free",
    change: { hint: HINT, strict: true },
    map: [HINT],
    calls: [virtualAlloc(HINT)],
    result: HINT,
  },
  {
    when: "the strict hint is taken",
    change: { hint: HINT, strict: true },
    map: [487],
    calls: [virtualAlloc(HINT), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 487, code: "EINVAL" },
  },
  {
    when: "it is mapped below a strict hint",
    change: { hint: HINT, strict: true },
    map: [HINT - 65_536n],
    calls: [virtualAlloc(HINT)],
    result: HINT - 65_536n,
  },
];

for (const { when, change, map, calls, result } of CASES) {
  test(`windows().map() reserves and commits when ${when}`, () => {
    for (const flags of FLAGS) {
      const { os, runtime } = opened({ map });
      assertEquals(os.map(request({ ...flags, ...change })), result);
      assertEquals(runtime.calls, calls);
    }
  });
}

test("windows().map() passes any length", () => {
  for (const byteLength of [1n, 4097n, 2n ** 32n, 2n ** 53n - 1n]) {
    const { os, runtime } = opened({ map: [ADDRESS] });
    os.map(request({ byteLength }));
    assertEquals(runtime.calls, [virtualAlloc(0n, byteLength)]);
  }
});

for (const [osError, win32, code] of ERRORS) {
  test(`windows() names the error ${code} when GetLastError is ${win32}`, () => {
    const { os } = opened({ map: [osError, ADDRESS], unmap: [osError] });
    assertEquals(os.map(request()), {
      syscall: "VirtualAlloc",
      osError,
      code,
    });
    os.map(request());
    assertEquals(os.unmap(ADDRESS, 4096n), {
      syscall: "VirtualFree",
      osError,
      code,
    });
  });
}

test("windows() has a name for these errors and no others", () => {
  assertEquals(
    windowsErrors(),
    Object.fromEntries(ERRORS.map(([osError, , code]) => [osError, code])),
  );
});

test("windows() names an error UNKNOWN when it has no name for it", () => {
  for (const osError of [0, 12, 2 ** 32 - 1]) {
    const { os } = opened({ map: [osError] });
    assertEquals(os.map(request()), {
      syscall: "VirtualAlloc",
      osError,
      code: "UNKNOWN",
    });
  }
});

test("windows().map() keeps each failure's error when later calls change it", () => {
  const { os } = opened({ map: [8, 87, ADDRESS] });
  const failures = [os.map(request()), os.map(request())];
  os.map(request());
  os.unmap(ADDRESS, 4096n);
  assertEquals(failures, [
    { syscall: "VirtualAlloc", osError: 8, code: "ENOMEM" },
    { syscall: "VirtualAlloc", osError: 87, code: "EINVAL" },
  ]);
});

test("windows().unmap() releases the whole allocation with a size of 0", () => {
  const MEM_RELEASE = 0x8000;
  for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
    const { os, runtime, mapped } = opened({ map: [ADDRESS] });
    os.map(request({ byteLength }));
    assertStrictEquals(os.unmap(ADDRESS, byteLength), undefined);
    assertEquals(runtime.calls, [
      virtualAlloc(0n, byteLength),
      ["VirtualFree", ADDRESS, 0n, MEM_RELEASE],
    ]);
    assertStrictEquals(mapped.size, 0);
  }
});

test("windows().unmap() reads the error right after VirtualFree when it fails", () => {
  const { os, runtime } = opened({ map: [ADDRESS], unmap: [487] });
  os.map(request());
  os.unmap(ADDRESS, 4096n);
  assertEquals(runtime.calls.slice(1).map(([name]) => name), [
    "VirtualFree",
    "GetLastError",
  ]);
});

test("windows().vacate() discards whole pages, and leaves the allocation", () => {
  for (const [byteLength, discarded] of [[1n, 4096n], [4096n, 4096n], [4097n, 8192n]] as const) {
    const { os, runtime, mapped } = opened({ map: [ADDRESS] });
    os.map(request({ byteLength }));
    assertStrictEquals(os.vacate(ADDRESS, byteLength), undefined);
    assertEquals(runtime.calls.at(-1), ["DiscardVirtualMemory", ADDRESS, discarded]);
    assertStrictEquals(mapped.size, 1);
  }
});

test("windows().vacate() returns the failure that DiscardVirtualMemory returns", () => {
  const { os } = opened({ map: [ADDRESS], free: 87 });
  os.map(request());
  assertEquals(os.vacate(ADDRESS, 4096n), {
    syscall: "DiscardVirtualMemory",
    osError: 87,
    code: "EINVAL",
  });
});

test("windows() unmaps each mapping alone, and holds 256 MiB, which stay committed", () => {
  const { os } = opened();
  assertEquals([os.unmapsNeighbours, os.maxHeldByteLength], [false, 2 ** 28]);
});

test("windows().map() reserves without commit what nothing may be done with", () => {
  const { os, runtime } = opened({ map: [487, ADDRESS] });
  const reserved = request({ hint: HINT, protection: "none" });
  assertStrictEquals(os.map(reserved), ADDRESS);
  const [MEM_RESERVE, PAGE_NOACCESS] = [0x2000, 1];
  assertEquals(
    runtime.calls,
    [HINT, 0n].map((address) => ["VirtualAlloc", address, 4096n, MEM_RESERVE, PAGE_NOACCESS]),
  );
});

test("windows().discard() stores zeros first, because discarding may leave what was there", () => {
  const { os, runtime } = opened({ map: [ADDRESS] });
  os.map(request({ byteLength: 4097n }));
  assertStrictEquals(os.discard(ADDRESS, 4097n), undefined);
  assertEquals(runtime.calls.slice(1), [
    ["RtlZeroMemory", ADDRESS, 4097n],
    ["DiscardVirtualMemory", ADDRESS, 8192n],
  ]);
});

for (
  const [protection, flags] of [
    ["none", 1],
    ["read", 2],
    ["read-write", READ_WRITE],
    ["read-execute", 0x20],
  ] as const
) {
  test(`windows().protect() commits and protects with 0x${flags.toString(16)} for "${protection}"`, () => {
    const { os, runtime } = opened({ map: [ADDRESS] });
    os.map(request());
    assertStrictEquals(os.protect(ADDRESS, 4096n, protection), undefined);
    const MEM_COMMIT = 0x1000;
    const [allocated, [name, ...args] = []] = runtime.calls.slice(1);
    assertEquals(allocated, ["VirtualAlloc", ADDRESS, 4096n, MEM_COMMIT, flags]);
    assertEquals([name, ...args.slice(0, 3)], ["VirtualProtect", ADDRESS, 4096n, flags]);
    assertStrictEquals((args[3] as Uint8Array).byteLength, 4);
  });
}

test("windows().protect() returns the failure of either call", () => {
  const { os } = opened({ map: [ADDRESS, 1455], protect: 87 });
  os.map(request());
  const protect = () => os.protect(ADDRESS, 4096n, "read-write");
  assertEquals(protect(), { syscall: "VirtualAlloc", osError: 1455, code: "ENOMEM" });
  assertEquals(protect(), { syscall: "VirtualProtect", osError: 87, code: "EINVAL" });
});

test("windows().decommit() decommits, and returns the failure", () => {
  const MEM_DECOMMIT = 0x4000;
  const { os, runtime } = opened();
  assertStrictEquals(os.decommit(ADDRESS, 4096n), undefined);
  assertEquals(runtime.calls, [["VirtualFree", ADDRESS, 4096n, MEM_DECOMMIT]]);
  assertEquals(opened({ free: 87 }).os.decommit(ADDRESS, 4096n), {
    syscall: "VirtualFree",
    osError: 87,
    code: "EINVAL",
  });
});
