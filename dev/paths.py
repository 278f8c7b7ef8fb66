"""Where the local stack keeps things outside the checkout: binaries, clusters, logs.

Postgres refuses to run as root. Root therefore starts it as `nobody`, which must be able to enter
its folder: never below a home that is closed to others.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import tempfile
from pathlib import Path

import platformdirs

from dev.errors import StackError

PROJECT = Path(__file__).resolve().parents[1]
FOLDER_NAME = "suplatzigram-dev"
# Linux's file system in memory. Containers often have one of 64 MB, which would not do.
MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own in it is used
MEMORY_NEEDED = 2 * 1024**3


def postgres_account() -> pwd.struct_passwd | None:
    """Return the account that Postgres runs as, or None for our own."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def cache_home() -> Path:
    """Return the folder of everything that outlives a process, made if it is missing."""
    if given := os.environ.get("SUPLATZIGRAM_DEV_HOME"):
        return make_folder(Path(given).absolute())
    usual = platformdirs.user_cache_path(FOLDER_NAME, appauthor=False, use_site_for_root=True)
    if usual.is_absolute():
        with contextlib.suppress(OSError):
            return make_folder(usual)
    # No usable home (an empty or missing HOME, as in some CI containers).
    return _own_folder(Path(tempfile.gettempdir()) / f"{FOLDER_NAME}-{os.geteuid()}")


def _own_folder(folder: Path) -> Path:
    """Make a folder where others could have made it first. Raises StackError if they have."""
    if make_folder(folder).stat().st_uid != os.geteuid():
        raise StackError(f"{folder} belongs to another user: set SUPLATZIGRAM_DEV_HOME")
    return folder


def make_folder(folder: Path, mode: int = 0o755) -> Path:
    """Make a folder and its parents with this mode, whatever the umask; an existing one is kept."""
    if not folder.is_dir():
        make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(mode)
    return folder


def check_reachable(folder: Path) -> None:
    """Raise StackError if the account that Postgres runs as cannot enter `folder`."""
    account = postgres_account()
    if account is None:
        return
    for part in [folder, *folder.parents]:
        if not part.stat().st_mode & 0o001 and part.stat().st_uid != account.pw_uid:
            raise StackError(
                f"Postgres runs as {account.pw_name}, which cannot enter {part}: "
                "set SUPLATZIGRAM_DEV_HOME to a folder that it can reach"
            )


def make_stack_folder(folder: Path) -> None:
    """Make the folder of one cluster. Postgres's account can pass through it to its own part, and read
    nothing else of it. Raises StackError if that account cannot get there."""
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711 if postgres_account() else 0o700)
    check_reachable(folder)


def persistent_folder(project: Path) -> Path:
    """Return the data folder of one checkout; two checkouts never share one."""
    digest = hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:8]
    return cache_home() / "projects" / f"{project.resolve().name}-{digest}"


def temporary_roots() -> list[Path]:
    """Return the folders below which temporary stacks live: one on disk, and one in memory where there is
    enough memory. A start looks here for what killed stacks left."""
    roots = [make_folder(cache_home() / "tmp")]
    if not os.environ.get("SUPLATZIGRAM_DEV_HOME") and _has_room(MEMORY):
        with contextlib.suppress(OSError, StackError):
            roots.append(_own_folder(MEMORY / f"{FOLDER_NAME}-{os.geteuid()}"))
    return roots


def new_temporary_folder(*, durable: bool) -> Path:
    """Make an empty folder for one temporary stack, in memory unless its data must survive a crash.

    Each cloned database is 300 files, which are ten times slower on a disk.
    """
    roots = temporary_roots()
    return Path(tempfile.mkdtemp(prefix="", dir=roots[0] if durable else roots[-1]))


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free > MEMORY_NEEDED
