"""CPU time that other processes used, read from /proc. Where there is no /proc (macOS) it is not known: None."""

import os
from pathlib import Path

from dev.supabase.stack import Stack

_PROC = Path("/proc")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat, counted from behind the program's name (proc(5)).
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14


def server_seconds(stack: Stack) -> float | None:
    """CPU seconds of Postgres so far: the server, its backends, and those that have ended."""
    pid = int((stack.postgres.data / "postmaster.pid").read_text().split()[0])
    own = _fields(pid)
    if own is None:
        return None
    ticks = sum(own[field] for field in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
    for fields in map(_fields, _pids()):
        if fields is not None and fields[_PARENT] == pid:
            ticks += fields[_USER] + fields[_SYSTEM]
    return ticks / _TICKS_A_SECOND


def process_seconds(pid: int | None) -> float | None:
    """CPU seconds of one process so far."""
    fields = _fields(pid) if pid is not None else None
    return None if fields is None else (fields[_USER] + fields[_SYSTEM]) / _TICKS_A_SECOND


def function_pid(file: Path) -> int | None:
    """The process of Vercel's runtime that serves this file, whose environment names it."""
    wanted = f"__VC_HANDLER_ENTRYPOINT_ABS={file}".encode()
    for pid in _pids():
        try:
            if wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                return pid
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return None


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if _PROC.is_dir() else []


def _fields(pid: int) -> list[int] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    state, *numbers = text.rpartition(")")[2].split()
    return [ord(state), *map(int, numbers)]
