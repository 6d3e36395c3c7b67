import { assertEquals } from "@std/assert";
import { windowsErrors } from "../../ffi/os/windows/errors.ts";
import { test } from "../support/harness.ts";
import { fail, type Outcomes, request, simulated } from "../support/simulated/mod.ts";

const ADDRESS = 0x1_8000_0000n;
const open = (outcomes: Outcomes) => simulated("windows", { places: [], outcomes }).os;

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

for (const [osError, win32, code] of ERRORS) {
  test(`windows() names the error ${code} when GetLastError is ${win32}`, () => {
    const os = open({ VirtualAlloc: [osError, ADDRESS], VirtualFree: [osError] });
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
    const system = simulated("windows");
    fail(system, 0, osError);
    assertEquals(system.os.map(request()), {
      syscall: "VirtualAlloc",
      osError,
      code: "UNKNOWN",
    });
  }
});

test("windows().map() keeps each failure's error when later calls change it", () => {
  const os = open({ VirtualAlloc: [8, 87, ADDRESS] });
  const failures = [os.map(request()), os.map(request())];
  os.map(request());
  os.unmap(ADDRESS, 4096n);
  assertEquals(failures, [
    { syscall: "VirtualAlloc", osError: 8, code: "ENOMEM" },
    { syscall: "VirtualAlloc", osError: 87, code: "EINVAL" },
  ]);
});
