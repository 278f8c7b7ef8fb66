"""What the picture process may use of the machine. The kernel enforces it, whatever a decoder does."""

import re
import resource
import signal
import sys
from pathlib import Path

# A process that keeps more than this after a picture makes way for a fresh one. Usual are 4 MB.
KEPT_BYTES = 12_000_000

_STATUS = Path("/proc/self/status")


def address_space() -> int | None:
    """Bytes of address space in use; None where the system does not say (macOS)."""
    if not sys.platform.startswith("linux"):
        return None
    found = re.search(r"VmSize:\s+(\d+) kB", _STATUS.read_text())
    return int(found[1]) * 1024 if found else None


def limit_this_process(memory_bytes: int) -> None:
    """Set the limits that hold from now on: so much more address space, and no files (a crash leaves no core)."""
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    if used := address_space():
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes,) * 2)


def start_cpu_limit(cpu_s: float) -> None:
    """End this process, by SIGPROF, once it has worked for that long from now. All its threads count."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)


def stop_cpu_limit() -> None:
    """The picture is done."""
    signal.setitimer(signal.ITIMER_PROF, 0)
