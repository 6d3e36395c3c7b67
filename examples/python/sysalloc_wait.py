"""wait() and notify() of sysalloc for Python's multiprocessing.shared_memory. Linux, 64 bits.

    from sysalloc_wait import attach, wait
    memory = attach("counter")  # the other process calls mapShared("counter")
    words = memory.buf.cast("i")  # whole words: struct's "<i" loads and stores single bytes
    while words[0] == 0:
        wait(memory.buf, 0, 0, timeout=1)
"""
import ctypes
import os
import platform
import sys
import time
from multiprocessing import resource_tracker, shared_memory

if sys.platform != "linux" or sys.maxsize < 2**32:
    raise ImportError("sysalloc_wait needs Linux with 64 bits")
# https://man7.org/linux/man-pages/man2/futex.2.html. FUTEX_PRIVATE_FLAG, which Python's own locks
# set, would not reach other processes.
FUTEX_WAKE, FUTEX_WAKE_OP, FUTEX_WAIT_BITSET = 1, 5, 9
FUTEX_OP_ADD, ANY_BIT, EVERYBODY = 1, 0xFFFF_FFFF, 0x7FFF_FFFF
NUMBER = {"x86_64": 202}.get(platform.machine(), 98)  # of the system call: others share one table

libc = ctypes.CDLL(None, use_errno=True)  # other threads of Python run during its calls
libc.syscall.restype = ctypes.c_long
libc.syscall.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32,
                         ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]


def attach(name):
    """Maps the memory of a name, which stays when this process ends."""
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    memory = shared_memory.SharedMemory(name)
    resource_tracker.unregister(memory._name, "shared_memory")  # it would remove the name
    return memory


def wait(buffer, byte_offset, expected, timeout=None):
    """Sleeps while a 32-bit word is `expected`, at most `timeout` seconds. Returns "ok",
    "not-equal" or "timed-out"; check the word again after "ok"."""
    until = None
    if timeout is not None:
        # A deadline, so that a wait which a signal interrupts goes on for what is left.
        end = time.monotonic_ns() + int(min(max(timeout, 0), 1e9) * 1e9)
        until = (ctypes.c_int64 * 2)(*divmod(end, 10**9))
    while True:
        try:
            _futex(buffer, byte_offset, FUTEX_WAIT_BITSET, expected & ANY_BIT, until, ANY_BIT)
            return "ok"
        except InterruptedError:
            pass  # Python has run the handlers of its signals
        except BlockingIOError:
            return "not-equal"
        except TimeoutError:
            return "timed-out"


def notify(buffer, byte_offset, count=EVERYBODY):
    """Wakes at most `count` waits for a word; returns their number. Store another value before."""
    return _futex(buffer, byte_offset, FUTEX_WAKE, count, None, 0)


def add(buffer, byte_offset, number):
    """Adds -2048 to 2047 to a word and wakes all waits for it; returns their number. The kernel
    adds, because Python has no atomic addition."""
    if not -2048 <= number <= 2047:
        raise ValueError(f"The number must be -2048 to 2047, got {number}")
    operation = FUTEX_OP_ADD << 28 | (number & 0xFFF) << 12
    return _futex(buffer, byte_offset, FUTEX_WAKE_OP, EVERYBODY, None, operation)


def _futex(buffer, byte_offset, operation, value, until, last):
    word = ctypes.c_int32.from_buffer(buffer, byte_offset)  # close() fails while this exists
    address = ctypes.addressof(word)
    result = libc.syscall(NUMBER, address, operation, value, until, address, last)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
