"""Makes frames at full speed: frames.py WAY PATH COUNT FRAME SLOTS.

WAY is "shared" (PATH is the file of shared memory: three words, and from byte 4096 on the slots),
"pipe" (standard output) or "socket" (PATH is that of a Unix socket).
"""
import ctypes
import mmap
import os
import platform
import socket
import sys

way, path = sys.argv[1:3]
count, length, slots = map(int, sys.argv[3:])
FUTEX = 98 if platform.machine() == "aarch64" else 202
WAIT, WAKE = 0, 1
libc = ctypes.CDLL(None)


def frames():
    """The frames, each with its number in the first four bytes."""
    made = [bytearray([value]) * length for value in range(4)]
    for number in range(count):
        frame = made[number % 4]
        frame[:4] = number.to_bytes(4, "little")
        yield frame


def share():
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    os.unlink(path)  # both sides have it
    words = memoryview(memory)[:4096].cast("i")
    sent, taken, begun = (ctypes.c_int.from_buffer(memory, 4 * word) for word in range(3))
    while words[2] == 0:
        libc.syscall(FUTEX, ctypes.byref(begun), WAIT, 0, None)
    for number, frame in enumerate(frames()):
        while number - words[1] == slots:
            libc.syscall(FUTEX, ctypes.byref(taken), WAIT, number - slots, None)
        start = 4096 + number % slots * length
        memory[start:start + length] = frame
        words[0] = number + 1
        libc.syscall(FUTEX, ctypes.byref(sent), WAKE, 1)


if way == "shared":
    share()
elif way == "pipe":
    sys.stdin.readline()  # the other side is ready
    for frame in frames():
        sys.stdout.buffer.write(frame)
    sys.stdout.buffer.flush()
else:
    sys.stdin.readline()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        for frame in frames():
            connection.sendall(frame)
sys.stdin.readline()  # its memory has been looked at
