"""The watch: a tiny process that ends the embedded servers when their parent is gone.

It reads lines on standard input, `+PID SIGNAL` and `-PID`. The end of the input means that the
parent has died, whatever killed it: the servers left get their signal, then, if they do not
end within `GRACE_S`, SIGKILL. It is started by path, so it imports the standard library only.
"""

import os
import signal
import sys
import time

GRACE_S = 20.0


def alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - starts fast without pathlib
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return True


def send(pid: int, number: int) -> None:
    """Signal the process, if it is still there."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def main() -> None:
    """Follow the parent's lines until it is gone, then end what it left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    left: dict[int, int] = {}
    for line in sys.stdin:
        sign, words = line[:1], line[1:].split()
        if sign == "+":
            left[int(words[0])] = int(words[1])
        else:
            left.pop(int(words[0]), None)
    for pid, number in left.items():
        send(pid, number)
    deadline = time.monotonic() + GRACE_S
    while any(map(alive, left)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        if alive(pid):
            send(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
