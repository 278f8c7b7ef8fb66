"""Make .venv: the Python and the packages that everything else here runs on.

Started by the Makefile with whatever Python the machine has, so it keeps to the standard library
and to Python 3.8, and imports nothing of ours. Does nothing when .venv fits the requirements.
"""

from __future__ import annotations

import contextlib
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
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "requirements.sha256"
REQUIREMENTS = ROOT / "requirements-dev.txt"
# What .venv is made from.
INPUTS = ("requirements.txt", "requirements-dev.txt", ".python-version", "dev/setup.py")
# Where Python 3.12 may be although PATH does not say so.
USUAL_FOLDERS = (
    "/opt/homebrew/opt/python@3.12/bin",
    "/usr/local/opt/python@3.12/bin",
    "/usr/local/bin",
    "/usr/bin",
)


class SetupError(Exception):
    """Set-up cannot go on; the message says what a person can do."""


def main() -> int:
    """Make .venv if it is missing or out of date; return the exit code."""
    try:
        with only_one():
            if not up_to_date():
                make()
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 1
    return 0


def make() -> None:
    """Make .venv, or bring it up to date. Cut short, it is made again by the next run."""
    started = time.monotonic()
    say("making .venv (the first time, and when the requirements change)")
    if STAMP.exists():
        STAMP.unlink()
    with tempfile.TemporaryDirectory(prefix="setup-") as name:
        scratch = Path(name)
        uv = find_uv(scratch)
        if not is_wanted(VENV_PYTHON):
            make_venv(uv, scratch)
        install(uv, scratch)
    STAMP.write_text(digest())
    say(f"ready after {time.monotonic() - started:.0f} s")


def say(message: str) -> None:
    """Print one line of progress."""
    print(f"set-up: {message}", flush=True)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Let parallel runs in one checkout wait for each other.

    The folder itself is the lock: no file is left, and a crash drops it.
    """
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def digest() -> str:
    """Name what .venv is made from and where: a .venv that was moved has wrong paths inside."""
    parts = [str(ROOT).encode(), *((ROOT / name).read_bytes() for name in INPUTS)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def up_to_date() -> bool:
    """Tell whether .venv holds what the requirements say; its Python may be gone meanwhile."""
    return STAMP.exists() and STAMP.read_text() == digest() and VENV_PYTHON.exists()


# -- Python 3.12


def is_wanted(python: Path) -> bool:
    """Tell whether this is a Python 3.12 that starts: a version manager's shim may refuse to."""
    question = "import sys; sys.exit(sys.version_info[:2] != (3, 12))"
    return python.exists() and starts([str(python), "-I", "-c", question])


def candidates() -> Iterator[Path]:
    """Yield the places where a Python 3.12 may be, the likeliest first."""
    yield Path(sys.executable)
    folders = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep) if name]
    for folder in folders:
        yield folder / "python3.12"
    managers = [Path(os.environ.get("PYENV_ROOT") or home() / ".pyenv")]
    managers += [folder.parent for folder in folders if folder.name == "shims"]
    for manager in managers:
        yield from sorted(manager.glob("versions/3.12*/bin/python3.12"), reverse=True)
    for name in USUAL_FOLDERS:
        yield Path(name, "python3.12")


def make_venv(uv: str, scratch: Path) -> None:
    """Make .venv on a Python 3.12 of this machine, or on one that uv installs."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    python = next(filter(is_wanted, candidates()), None)
    if python:
        choice = [f"--python={python}", "--no-python-downloads"]
    else:
        say("there is no Python 3.12 on this machine; asking uv to install one")
        choice = ["--python=3.12", "--managed-python"]
    done = run_uv([uv, "venv", "--quiet", "--clear", "--no-project", *choice, str(VENV)], scratch)
    if done.returncode or not is_wanted(VENV_PYTHON):
        tried = f"use {python}" if python else "install one"
        raise SetupError(
            f"Python 3.12 is needed, which is what Vercel runs, and uv could not {tried}.\n"
            f"{done.stdout.strip()}\n"
            "Install Python 3.12 (with your system's packages, pyenv or python.org) so that "
            "`python3.12` starts, then run make again."
        )


# -- uv


def find_uv(scratch: Path) -> str:
    """Return a uv that starts: the machine's, .venv's, or one from PyPI that `scratch` holds."""
    of_venv = VENV / "bin" / "uv"
    if of_venv.exists():
        # A copy, because .venv may be cleared.
        of_venv = Path(shutil.copy(str(of_venv), str(scratch)))
    for known in (shutil.which("uv"), str(of_venv)):
        if known and starts([known, "--version"]):
            return known
    found = scratch / "uv" / "bin" / "uv"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", f"--target={scratch / 'uv'}"]
    errors = []
    for pip in pips(scratch):
        done = run([*pip, "install", *options, pin("uv")], scratch)
        if done.returncode == 0 and found.exists():
            return str(found)
        errors.append(f"$ {' '.join(pip)} install\n{done.stdout.strip()}")
    tried = "\n".join(errors)
    raise SetupError(
        f"uv could not be installed from PyPI.\n{tried}\n"
        "Install uv by hand (pip install uv, or your system's packages), then run make again."
    )


def pips(scratch: Path) -> Iterator[list[str]]:
    """Yield the ways to call pip.

    First that of a throw-away venv; where none can be made (Debian without python3-venv), the
    machine's own, which changes nothing of the machine when it is given --target.
    """
    if run([sys.executable, "-m", "venv", str(scratch / "pip")], scratch).returncode == 0:
        yield [str(scratch / "pip" / "bin" / "python"), "-m", "pip"]
    yield [sys.executable, "-m", "pip"]
    yield from ([name] for name in ("pip3", "pip") if shutil.which(name))


def pin(package: str) -> str:
    """Return a package's requirement as requirements-dev.txt has it."""
    for line in REQUIREMENTS.read_text().splitlines():
        if line.startswith(f"{package}=="):
            return line.split()[0]
    raise SetupError(f"requirements-dev.txt does not pin {package}")


def install(uv: str, scratch: Path) -> None:
    """Make .venv hold exactly what the requirements say.

    Compiled now: where PYTHONDONTWRITEBYTECODE is set, each process would compile it again.
    """
    options = ["--quiet", "--compile-bytecode", f"--python={VENV_PYTHON}"]
    done = run_uv([uv, "pip", "sync", *options, str(REQUIREMENTS)], scratch)
    if done.returncode:
        raise SetupError(f"the packages could not be installed.\n{done.stdout.strip()}")


def run_uv(command: list[str], scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run uv; where its own certificates do not do (a company's proxy), with the system's."""
    done = run(command, scratch)
    if done.returncode and "certificate" in done.stdout:
        done = run([*command, "--system-certs"], scratch)
    return done


# -- programs


def home() -> Path:
    """Return the home folder, or the root folder where there is none."""
    with contextlib.suppress(RuntimeError):
        return Path.home()
    return Path("/")


def starts(command: list[str]) -> bool:
    """Tell whether a program is there, runs and succeeds."""
    with contextlib.suppress(OSError):
        return run(command).returncode == 0
    return False


def run(command: list[str], scratch: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program without what of our environment bends it: a foreign venv, a closed home."""
    bending = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER"}
    env = {name: value for name, value in os.environ.items() if name not in bending}
    if scratch and not os.access(str(home()), os.W_OK):
        env.setdefault("UV_CACHE_DIR", str(scratch / "cache"))
    return subprocess.run(
        command,
        cwd=str(ROOT),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
