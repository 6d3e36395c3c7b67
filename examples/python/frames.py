"""Draws frames into the ring of examples/video_frames.ts: frames.py NAME COUNT WIDTH HEIGHT SLOTS"""
import sys

from sysalloc_wait import add, attach, wait

WRITTEN, READ, HEADER = 0, 4, 64
name = sys.argv[1]
count, width, height, slots = map(int, sys.argv[2:])
size = 3 * width * height
memory = attach(name)
words = memory.buf.cast("i")
gradient = bytes(column % 256 for column in range(size + 256))  # stands for what a camera sees

for frame in range(count):
    while frame - (read := words[READ // 4]) == slots:  # the ring is full
        if wait(memory.buf, READ, read, timeout=10) == "timed-out":
            sys.exit("Nobody reads the frames")
    start = HEADER + frame % slots * size
    memory.buf[start:start + size] = gradient[frame % 256:frame % 256 + size]
    add(memory.buf, WRITTEN, 1)  # after the pixels: adding is a barrier, too

words.release()
memory.close()
