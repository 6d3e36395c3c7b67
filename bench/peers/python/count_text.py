"""Counts a text in a file by mmap: count_text.py PATH TEXT."""
import mmap
import sys

with open(sys.argv[1], "rb") as file:
    memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
text = sys.argv[2].encode()
count = 0
at = memory.find(text)
while at >= 0:
    count += 1
    at = memory.find(text, at + len(text))
print(count)
