"""Look at processes from outside, and wait for what they do."""

import time
from collections.abc import Callable, Iterable

import psutil


def descendants(pid: int) -> list[int]:
    """Return the processes below one, at any depth."""
    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


def command_of(pid: int) -> str:
    """Return the command line of a process, or "" if there is no such process."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


def alive(pid: int) -> bool:
    """Tell whether a process runs. A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def any_alive(pids: Iterable[int]) -> bool:
    """Tell whether one of these processes still runs."""
    return any(alive(pid) for pid in pids)


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> float:
    """Return after how many seconds the condition held; fail if it does not in time."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "the condition did not come true"
        time.sleep(0.01)
    return time.monotonic() - begun
