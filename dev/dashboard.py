"""The operators' page: dashboard/ built into public/admin/queue/, as vercel.json's build command does on Vercel.

Built once for each content, in the cache, so that a checkout needs no node_modules.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev import paths, toolchain
from dev.errors import StackError
from dev.process.locks import locked

SOURCES = paths.PROJECT / "dashboard"
PATH = "/admin/queue/"
NOT_SOURCES = {"node_modules"}


def build(project: Path = paths.PROJECT) -> Path:
    """Build the page if its content is new, put it below the project's public/, and return its folder there.

    Raises StackError if npm or the build fails.
    """
    sources = project / "dashboard"
    built = _built(sources)
    target = project / "public" / PATH.strip("/")
    with locked(paths.cache_home() / "dashboard-site.lock"):
        if _names(target) != _names(built):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(built, target)
    return target


def installed(sources: Path = SOURCES) -> Path:
    """Return a fresh copy of the sources beside their installed packages; whoever asks removes it."""
    place = toolchain.install(sources)
    copy = Path(tempfile.mkdtemp(prefix="sources-", dir=place))
    shutil.copytree(sources, copy, dirs_exist_ok=True, ignore=lambda _, names: NOT_SOURCES & {*names})
    return copy


def npx(program: str, *arguments: str, cwd: Path) -> str:
    """Run a program of the installed packages and return what it said. Raises StackError with that if it fails."""
    script = (cwd.parent / "node_modules/.bin" / program).resolve()
    done = subprocess.run(
        [str(toolchain.node()), str(script), *arguments],
        cwd=cwd,
        env={**os.environ, "PATH": toolchain.search_path()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"{program} failed:\n{done.stdout.strip()}")
    return done.stdout


def _built(sources: Path) -> Path:
    """Return the built page of these sources, which lies in the cache."""
    files = sorted(file for file in sources.rglob("*") if file.is_file() and not NOT_SOURCES & {*file.parts})
    home = paths.cache_home()
    place = home / f"dashboard-site-{toolchain.digest(files)}"
    with locked(home / "dashboard-site.lock"):
        if not place.exists():
            copy = installed(sources)
            try:
                npx("vite", "build", "--outDir", "site", cwd=copy)
                shutil.move(copy / "site", place)
            finally:
                shutil.rmtree(copy, ignore_errors=True)
    return place


def _names(folder: Path) -> set[tuple[str, int]]:
    """Return what is in a folder. The names of assets hold a hash of their content; index.html names them."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {(file.relative_to(folder).as_posix(), file.stat().st_size) for file in files}
