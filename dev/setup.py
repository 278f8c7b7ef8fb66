"""Make .venv: the Python and the packages that everything else here runs on.

The Makefile starts this with whatever Python the machine has. So it keeps to the standard library of
Python 3.8, and imports nothing of ours. The work is uv's: it finds or installs a Python 3.12, and
installs what the requirements say. Does nothing when .venv fits the requirements.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator  # noqa: UP035 - Python 3.8

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HOME = os.path.expanduser("~")  # noqa: PTH111 - pathlib's raises where there is no home
STAMP = VENV / "requirements.sha256"
REQUIREMENTS = ROOT / "requirements-dev.txt"
# What .venv is made from.
INPUTS = ("requirements.txt", "requirements-dev.txt", ".python-version", "dev/setup.py")
# They would bend what uv and pip do: a foreign venv, another place to install to.
BENDING = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER")
NEEDS_PYTHON = """Python 3.12 is needed, which is what Vercel runs, and uv could neither find nor install it.
Install it (with your system's packages, pyenv or python.org) so that `python3.12` starts, then run make again."""
NEEDS_UV = (
    "uv could not be installed from PyPI. Install uv (pip install uv, or your system's packages), then run make again."
)


class SetupError(Exception):
    """Set-up cannot go on. The message says what a person can do."""


def main() -> int:
    """Make .venv if it is missing or out of date. Parallel runs in one checkout wait for each other."""
    # The folder itself is the lock: no file is left, and the kernel drops the lock with this process.
    fcntl.flock(os.open(str(ROOT), os.O_RDONLY), fcntl.LOCK_EX)
    if STAMP.exists() and STAMP.read_text() == digest() and PYTHON.exists():
        return 0
    started = time.monotonic()
    print("set-up: making .venv (the first time, and when the requirements change)", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="setup-") as scratch:
            make(Path(scratch))
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 1
    print(f"set-up: ready after {time.monotonic() - started:.0f} s", flush=True)
    return 0


def digest() -> str:
    """Name what .venv is made from and where: a .venv that was moved has wrong paths inside."""
    parts = [str(ROOT).encode(), *((ROOT / name).read_bytes() for name in INPUTS)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make(scratch: Path) -> None:
    """Make .venv, or bring it up to date. If this is cut short, the next run does it again."""
    uv = find_uv(scratch)
    if STAMP.exists():
        STAMP.unlink()
    if run([str(PYTHON), "-Ic", "import sys; sys.exit(sys.version_info[:2] != (3, 12))"], scratch):
        if VENV.is_dir() and not VENV.is_symlink():
            shutil.rmtree(str(VENV))
        elif VENV.exists() or VENV.is_symlink():
            VENV.unlink()
        require([uv, "venv", "--quiet", "--no-project", "--python=3.12", str(VENV)], scratch, NEEDS_PYTHON)
    # Compiled now: where PYTHONDONTWRITEBYTECODE is set, each process would compile it again.
    options = ["--quiet", "--compile-bytecode", "--require-hashes", f"--python={PYTHON}"]
    require([uv, "pip", "sync", *options, str(REQUIREMENTS)], scratch, "The packages could not be installed.")
    STAMP.write_text(digest())


def find_uv(scratch: Path) -> str:
    """Return a uv that starts: the machine's, a copy of .venv's, or one from PyPI below `scratch`."""
    copy = scratch / "uv"
    if (VENV / "bin/uv").exists():
        shutil.copy(str(VENV / "bin/uv"), str(copy))
    for known in (shutil.which("uv") or "uv", str(copy)):
        if not run([known, "--version"], scratch):
            return known
    pin = scratch / "uv.txt"
    pin.write_text(requirement("uv", REQUIREMENTS.read_text()))
    failures = []
    for python in pythons(scratch):
        target = scratch / "packages"
        options = ["--quiet", "--no-deps", "--require-hashes", f"--target={target}", f"--requirement={pin}"]
        failure = run([python, "-m", "pip", "install", *options], scratch)
        if not failure:
            return str(target / "bin" / "uv")
        failures.append(failure)
    raise SetupError("\n".join([*failures, NEEDS_UV]))


def requirement(name: str, requirements: str) -> str:
    """Return the requirement of this name with its hashes, which are on the lines that follow."""
    lines = requirements.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    last = next(number for number in range(first, len(lines)) if not lines[number].rstrip().endswith("\\"))
    return "".join(lines[first : last + 1])


def pythons(scratch: Path) -> Iterator[str]:
    """Yield the Pythons that may have pip: this one, and that of a new venv.

    With --target the machine's own pip changes nothing of the machine.
    """
    yield sys.executable
    venv = scratch / "venv"
    if not run([sys.executable, "-m", "venv", str(venv)], scratch):
        yield str(venv / "bin/python")


def require(command: list[str], scratch: Path, advice: str) -> None:
    """Run a program. Raises SetupError if it fails."""
    failure = run(command, scratch)
    if "certificate" in failure:  # a company's proxy: uv's own certificates do not do, the system's may
        failure = run(command, scratch, UV_SYSTEM_CERTS="1")
    if failure:
        raise SetupError(f"{failure}\n{advice}")


def run(command: list[str], scratch: Path, **more: str) -> str:
    """Run a program. Return what it said if it failed, "" if it succeeded."""
    env = {name: value for name, value in os.environ.items() if name not in BENDING}
    env.update(more, PATH=search_path())
    if not os.access(HOME, os.W_OK):
        env.setdefault("UV_CACHE_DIR", str(scratch / "cache"))
    try:
        done = subprocess.run(
            command,
            cwd=str(ROOT),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else f"$ {' '.join(command)}\n{done.stdout.strip()}"


def search_path() -> str:
    """Return PATH, with the folders in which pyenv and Homebrew keep a Python 3.12 that PATH does not name."""
    folders = [Path(name) for name in os.environ.get("PATH", os.defpath).split(os.pathsep) if name]
    pyenvs = [Path(os.environ.get("PYENV_ROOT") or f"{HOME}/.pyenv")]
    pyenvs += [folder.parent for folder in folders if folder.name == "shims"]
    found = [folder for pyenv in pyenvs for folder in sorted(pyenv.glob("versions/3.12*/bin"), reverse=True)]
    found += [Path(prefix, "opt/python@3.12/bin") for prefix in ("/opt/homebrew", "/usr/local")]
    return os.pathsep.join(map(str, found + folders))


if __name__ == "__main__":
    sys.exit(main())
