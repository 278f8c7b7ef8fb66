"""Look at processes from outside, and wait for what they do."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from dev.reaper import alive


def descendants(pid: int) -> list[int]:
    """Return the processes below one, at any depth."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    below: list[int] = []
    for candidate in parents:
        ancestor = candidate
        while ancestor in parents and ancestor != pid:
            ancestor = parents[ancestor]
        if ancestor == pid and candidate != pid:
            below.append(candidate)
    return below


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> float:
    """Return after how many seconds the condition held; fail if it does not in time."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "the condition did not come true"
        time.sleep(0.01)
    return time.monotonic() - begun


def any_alive(pids: Iterable[int]) -> bool:
    """Tell whether one of these processes still runs."""
    return any(alive(pid) for pid in pids)
