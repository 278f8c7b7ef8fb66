"""End what a Python process started, once that process is gone: even by SIGKILL.

Run as a script, it reads one JSON list a line from its standard input, a pipe that only its parent
writes to. When the pipe ends, it ends and removes what is still registered. It imports nothing of
this package, so that it starts in a few milliseconds.

    ["watch", target, signal]    target is a process id, or a negative process group id
    ["forget", target]
    ["remove", folder]           remove the folder once the processes are gone
    ["keep", folder]
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 5.0


def alive(target: int) -> bool:
    """Tell whether a process (or, negative, a process group) exists; a zombie does not count."""
    try:
        os.kill(target, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        # The state follows the parenthesised name, which may itself hold spaces and brackets.
        stat = Path(f"/proc/{abs(target)}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    return True


def send(target: int, signum: int) -> None:
    """Send a signal to a process or group that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(target, signum)


def end_all(targets: dict[int, int]) -> None:
    """Send each target its signal, and SIGKILL to those that do not heed it in time."""
    for target, signum in targets.items():
        send(target, signum)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(alive(target) for target in targets) and time.monotonic() < deadline:
        time.sleep(0.01)
    for target in targets:
        send(target, signal.SIGKILL)


def main() -> None:
    """Follow the parent's messages until the pipe ends, then clear up."""
    # Ctrl-C is for the parent; this process only ends when the pipe does.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    targets: dict[int, int] = {}
    folders: set[str] = set()
    for line in sys.stdin:
        verb, subject, *rest = json.loads(line)
        match verb:
            case "watch":
                targets[subject] = rest[0]
            case "forget":
                targets.pop(subject, None)
            case "remove":
                folders.add(subject)
            case "keep":
                folders.discard(subject)
            case _:
                raise ValueError(verb)
    end_all(targets)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
