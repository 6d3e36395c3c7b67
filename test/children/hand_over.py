# Tries sysalloc_wait.py, adds to a word while pingpong.ts does, and plays ping-pong with it.
import json
import signal
import sys
import time

folder, name, role, rounds = sys.argv[1:]
sys.path.insert(0, folder)
from sysalloc_wait import add, attach, notify, wait  # noqa: E402

TURN, READY, ADDED, SPARE = 0, 4, 8, 12
own, count = ["even", "odd"].index(role), int(rounds)
memory = attach(name)
buffer = memory.buf
words = buffer.cast("i")


def fails(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return type(error)


add(buffer, SPARE, -2048)
assert words[SPARE // 4] == -2048
assert wait(buffer, SPARE, 0) == "not-equal"
assert wait(buffer, SPARE, -2048, 0) == "timed-out"
assert fails(wait, buffer, SPARE + 1, 0) is OSError
assert fails(wait, buffer, len(buffer), 0) is fails(wait, buffer, -4, 0) is ValueError
assert fails(add, buffer, SPARE, 2048) is ValueError
assert notify(buffer, SPARE) == 0
# A signal neither ends a wait nor makes it longer, and its handler runs.
signals = []
signal.signal(signal.SIGALRM, lambda *_: signals.append(time.monotonic()))
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
start = time.monotonic()
assert wait(buffer, SPARE, -2048, 0.1) == "timed-out"
signal.setitimer(signal.ITIMER_REAL, 0)
assert time.monotonic() - start >= 0.1 > signals[0] - start

add(buffer, READY, 1)
while (ready := words[READY // 4]) < 2:
    assert wait(buffer, READY, ready, 60) != "timed-out"
for _ in range(count):
    add(buffer, ADDED, 1)
for _ in range(count):
    while (value := words[0]) % 2 != own:
        assert wait(buffer, TURN, value, 60) != "timed-out", f"{role} waits for ever at {value}"
    words[0] = value + 1
    notify(buffer, TURN, 1)
last = words[0]
words.release()
del buffer
memory.close()  # fails if a call has kept the memory
print(json.dumps({"late": 0, "last": last}))
