"""Start a process and end it."""

import contextlib
import pwd
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from dev.errors import StackError
from dev.process.guardian import guardian
from dev.process.reaper import send


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    account: pwd.struct_passwd | None = None,
    on_parent_death: int = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, its output appended to `log`.

    It gets only `env`, and runs as `account` when one is given. When this Python process dies, the
    whole group is sent `on_parent_death`. End it with one of the functions below.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    guardian.watch(-process.pid, on_parent_death)
    return process


def reap(process: subprocess.Popen[bytes], seconds: float | None = None) -> int:
    """Wait for a process that is ending, and stop guarding it. Raises TimeoutExpired."""
    code = process.wait(seconds)
    guardian.forget(-process.pid)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    return code


def stop(process: subprocess.Popen[bytes], signum: int, seconds: float = 5.0) -> None:
    """Ask a process to end; kill it and its group when it has not ended after `seconds`."""
    if process.poll() is None:
        process.send_signal(signum)
    try:
        reap(process, seconds)
    except subprocess.TimeoutExpired:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything in its session at once, and wait for it.

    Once it has been waited for, its number may be another's: then there is nothing to kill.
    """
    if process.returncode is None:
        send(-process.pid, signal.SIGKILL)
    reap(process)


def end_orphan(process: psutil.Process, signum: int, seconds: float = 5.0) -> None:
    """End a process that is not our child, by `signum`, then by SIGKILL. Raises StackError if it stays."""
    for number in (signum, signal.SIGKILL):
        try:
            process.send_signal(number)
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        return
    raise StackError(f"process {process.pid}, left by an earlier run, does not end")


def tail(log: Path, characters: int = 3000) -> str:
    """Return the end of a log file, or "" if there is no such file."""
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace")[-characters:].strip()
    return ""
