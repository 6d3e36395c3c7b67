/**
 * The C functions that only macOS has, and its constants.
 *
 * @module
 */

/** The functions. */
export const DARWIN = {
  // int fstat(int fildes, struct stat *buf)
  fstat: { parameters: ["i32", "buffer"], result: "i32" },
  fstat$INODE64: { parameters: ["i32", "buffer"], result: "i32" },
  // int stat(const char *path, struct stat *buf)
  stat: { parameters: ["buffer", "buffer"], result: "i32" },
  stat$INODE64: { parameters: ["buffer", "buffer"], result: "i32" },
  // size_t confstr(int name, char *buf, size_t len)
  confstr: { parameters: ["i32", "buffer", "usize"], result: "usize" },
  // int proc_regionfilename(int pid, uint64_t address, void *buffer, uint32_t buffersize)
  proc_regionfilename: { parameters: ["i32", "usize", "buffer", "u32"], result: "i32" },

  // mach_port_t task_self_trap(void)
  task_self_trap: { parameters: [], result: "u32" },
  // kern_return_t mach_vm_read_overwrite(vm_map_read_t target_task, mach_vm_address_t address,
  //   mach_vm_size_t size, mach_vm_address_t data, mach_vm_size_t *outsize)
  mach_vm_read_overwrite: {
    parameters: ["u32", "usize", "usize", "buffer", "buffer"],
    result: "i32",
  },
  // kern_return_t mach_vm_write(vm_map_t target_task, mach_vm_address_t address,
  //   vm_offset_t data, mach_msg_type_number_t dataCnt)
  mach_vm_write: { parameters: ["u32", "usize", "buffer", "u32"], result: "i32" },
  // kern_return_t mach_vm_remap(vm_map_t target_task, mach_vm_address_t *target_address,
  //   mach_vm_size_t size, mach_vm_offset_t mask, int flags, vm_map_t src_task,
  //   mach_vm_address_t src_address, boolean_t copy, vm_prot_t *cur_protection,
  //   vm_prot_t *max_protection, vm_inherit_t inheritance)
  mach_vm_remap: {
    // deno-fmt-ignore
    parameters: [
      "u32", "buffer", "usize", "usize", "i32", "u32", "usize", "i32", "buffer", "buffer", "u32",
    ],
    result: "i32",
  },
  // kern_return_t mach_vm_region(vm_map_read_t target_task, mach_vm_address_t *address,
  //   mach_vm_size_t *size, vm_region_flavor_t flavor, vm_region_info_t info,
  //   mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
  mach_vm_region: {
    parameters: ["u32", "buffer", "buffer", "i32", "buffer", "buffer", "buffer"],
    result: "i32",
  },

  // int os_sync_wait_on_address_with_timeout(void *addr, uint64_t value, size_t size,
  //   os_sync_wait_on_address_flags_t flags, os_clockid_t clockid, uint64_t timeout_ns)
  os_sync_wait_on_address_with_timeout: {
    parameters: ["usize", "usize", "usize", "u32", "u32", "usize"],
    result: "i32",
  },
  // int os_sync_wake_by_address_any(void *addr, size_t size, os_sync_wake_by_address_flags_t flags)
  os_sync_wake_by_address_any: { parameters: ["usize", "usize", "u32"], result: "i32" },
  // uint64_t clock_gettime_nsec_np(clockid_t clock_id)
  clock_gettime_nsec_np: { parameters: ["u32"], result: "usize" },
  // pthread_t pthread_self(void)
  pthread_self: { parameters: [], result: "usize" },
} as const;

/** The POSIX names of `kern_return_t`, from `<mach/kern_return.h>`. */
export const KERN_CODES: Readonly<Record<number, string>> = {
  1: "EFAULT", // KERN_INVALID_ADDRESS
  2: "EFAULT", // KERN_PROTECTION_FAILURE
  3: "ENOMEM", // KERN_NO_SPACE
  4: "EINVAL", // KERN_INVALID_ARGUMENT
  6: "ENOMEM", // KERN_RESOURCE_SHORTAGE
  9: "EFAULT", // KERN_MEMORY_FAILURE
  10: "EFAULT", // KERN_MEMORY_ERROR
};
/** `KERN_INVALID_ADDRESS`: from `mach_vm_region`, nothing is mapped from the address on. */
export const KERN_INVALID_ADDRESS = 1;

/** `_SC_PAGESIZE`, from `<unistd.h>` */
export const _SC_PAGESIZE = 29;
/** `_CS_DARWIN_USER_TEMP_DIR`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/confstr.3.html} */
export const _CS_DARWIN_USER_TEMP_DIR = 65537;
/** `PATH_MAX`, with its NUL; also `MAXPATHLEN` */
export const PATH_MAX = 1024;

/** `MAP_ANON`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/mmap.2.html} */
export const MAP_ANON = 0x1000;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x40;
/** `MS_SYNC`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/msync.2.html} */
export const MS_SYNC = 0x10;

/** `O_CLOEXEC`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/open.2.html} */
export const O_CLOEXEC = 0x1000000;
/** `O_NONBLOCK` */
export const O_NONBLOCK = 0x4;
/** `O_NOCTTY` */
export const O_NOCTTY = 0x20000;
/** `O_NOFOLLOW` */
export const O_NOFOLLOW = 0x100;

/** `RLIMIT_MEMLOCK`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/getrlimit.2.html} */
export const RLIMIT_MEMLOCK = 6;
/** `RLIMIT_NOFILE` */
export const RLIMIT_NOFILE = 8;

/** `VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE`, from `<mach/vm_statistics.h>`; the first is 0 */
export const VM_FLAGS_OVERWRITE = 0x4000;
/** `VM_INHERIT_SHARE`, from `<mach/vm_inherit.h>`: how `MAP_SHARED` memory is inherited. */
export const VM_INHERIT_SHARE = 0;
/** `VM_REGION_BASIC_INFO_64`, from `<mach/vm_region.h>` */
export const VM_REGION_BASIC_INFO_64 = 9;
/** `VM_REGION_BASIC_INFO_COUNT_64`: the length of a `struct vm_region_basic_info_64` by 4 bytes. */
export const VM_REGION_BASIC_INFO_COUNT_64 = 9;
/** `VM_REGION_EXTENDED_INFO` */
export const VM_REGION_EXTENDED_INFO = 13;
/** `VM_REGION_EXTENDED_INFO_COUNT`: the length of a `struct vm_region_extended_info` by 4 bytes. */
export const VM_REGION_EXTENDED_INFO_COUNT = 9;

/** `OS_SYNC_WAIT_ON_ADDRESS_SHARED`, and `OS_SYNC_WAKE_BY_ADDRESS_SHARED`: {@link https://developer.apple.com/documentation/os/os_sync_wait_on_address_shared} */
export const OS_SYNC_WAIT_ON_ADDRESS_SHARED = 1;
/** `OS_CLOCK_MACH_ABSOLUTE_TIME`: {@link https://developer.apple.com/documentation/os/os_clockid_t} */
export const OS_CLOCK_MACH_ABSOLUTE_TIME = 32;
/** `CLOCK_UPTIME_RAW`, the same clock, from `<time.h>` */
export const CLOCK_UPTIME_RAW = 8;
