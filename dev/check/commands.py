"""What every check is made of: run a program, and fail with what it said."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev import paths, toolchain

# Far more than any takes: it ends what hangs.
TIMEOUT_SECONDS = 600

# A check returns a short note, or raises CheckError.
Check = Callable[[], str]


class CheckError(Exception):
    """A check found something. The message is what to show."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = paths.PROJECT,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return its output. Raises CheckError with the output if it fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as hung:
        raise CheckError(f"{command[0]} did not end within {TIMEOUT_SECONDS} s") from hung
    if done.returncode:
        raise CheckError(done.stdout.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def tool(name: str) -> Path:
    """Return a program that came with a package of .venv, whatever PATH says."""
    return Path(sys.prefix) / "bin" / name


def npm_tool(name: str) -> list[str | Path]:
    """Return the command that runs `vercel` or `supabase`, installed on the first call.

    They come from the lock file in `tools/`: 500 MB that `make test` and `make demo` do not need.
    """
    script = toolchain.install(Path(__file__).with_name("tools")) / "node_modules/.bin" / name
    return [toolchain.node(), script.resolve()]
