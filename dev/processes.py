"""Start, await and stop processes; lock folders; find ports."""

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from dev import paths
from dev.errors import StackError
from dev.guardian import guardian
from dev.reaper import alive, send

POLL_SECONDS = 0.005
# Below Linux's ephemeral range: a port that is to survive a restart of its server must not be
# handed to an outgoing connection meanwhile.
PORTS = range(20_000, 32_768)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    as_postgres: bool = False,
    on_parent_death: int = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, its output appended to `log`.

    It gets only `env`. When this Python process dies, its whole group is sent `on_parent_death`.
    Every process started here must be ended by `reap` or `stop`.
    """
    account = paths.postgres_account() if as_postgres else None
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
    """Wait for a process that is ending and stop guarding it. Raises TimeoutExpired."""
    code = process.wait(seconds)
    guardian.forget(-process.pid)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    return code


def stop(process: subprocess.Popen[bytes], signum: int, seconds: float = 5.0) -> None:
    """Ask a process to end; kill it and its group when it has not after `seconds`."""
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


def stop_orphan(pid: int, signum: int, seconds: float = 5.0) -> None:
    """End a process that is not our child, by `signum`, then by SIGKILL."""
    for number in (signum, signal.SIGKILL):
        send(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not alive(pid):
                return
            time.sleep(POLL_SECONDS)
    raise StackError(f"process {pid}, left by an earlier run, does not end")


def command_of(pid: int) -> str:
    """Return the command line of a process, or "" if there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    if Path("/proc/self").exists():
        return ""
    asked = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def wait_until_ready(
    what: str,
    ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    log: Path,
    seconds: float = 30.0,
) -> None:
    """Return once `ready()`; raise StackError with the log's end if the process dies or dawdles."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll()
        if ended is not None or time.monotonic() > deadline:
            reason = f"ended with {ended}" if ended is not None else f"not ready in {seconds:g} s"
            raise StackError(f"{what} did not start ({reason}); the end of {log}:\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def tail(log: Path, characters: int = 3000) -> str:
    """Return the end of a log file, or "" if there is none."""
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace")[-characters:].strip()
    return ""


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    for _ in range(1000):
        port = random.choice(PORTS)
        if port_is_free(port):
            return port
    raise StackError("no free port on 127.0.0.1")


def claim_port(given: int | None, setting: str) -> int:
    """Return the given port if it is free, or any free one. Raises StackError if it is taken."""
    if given is None:
        return free_port()
    if not port_is_free(given):
        raise StackError(f"port {given} of 127.0.0.1 is taken: change or unset {setting}")
    return given


@contextlib.contextmanager
def locked(path: Path, refusal: str | None = None) -> Iterator[None]:
    """Hold the lock file `path`; with a refusal, raise it at once if another process holds it.

    The kernel drops the lock with the process, so a crash leaves none behind.
    """
    paths.make_folder(path.parent)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StackError(f"{refusal} (process {holder})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
