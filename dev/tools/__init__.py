"""The npm programs of `make check`: Vercel's and Supabase's command lines.

Installed from the lock file beside this module, on first use, outside the checkout: 500 MB that
`make test` and `make demo` do not need.
"""

import os
import shutil
import subprocess
from pathlib import Path

from dev import paths, processes, toolchain
from dev.errors import StackError

HERE = Path(__file__).resolve().parent
MANIFESTS = ("package.json", "package-lock.json")


def program(name: str) -> list[str]:
    """Return the command that runs `vercel` or `supabase`. Installs on the first call. Locked."""
    script = npm_ci(HERE) / "node_modules" / ".bin" / name
    return [str(toolchain.node()), str(script.resolve())]


def search_path() -> str:
    """Return a PATH on which `node` is the wheel's."""
    return f"{toolchain.node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def npm_ci(folder: Path) -> Path:
    """Install `folder`'s lock file into a place of its own, if need be, and return that. Locked."""
    digest = toolchain.digest([folder / manifest for manifest in MANIFESTS])
    place = paths.cache_home() / f"{folder.name}-{digest}"
    with processes.locked(paths.cache_home() / f"{folder.name}.lock"):
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            paths.make_folder(place)
            for manifest in MANIFESTS:
                shutil.copyfile(folder / manifest, place / manifest)
            _run_npm(place)
            (place / "done").touch()
    return place


def _run_npm(place: Path) -> None:
    npm = toolchain.node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    options += ["--cache", str(paths.cache_home() / "npm")]  # there may be no home folder
    done = subprocess.run(
        [str(toolchain.node()), str(npm), "ci", *options],
        cwd=place,
        env={**os.environ, "PATH": search_path()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"npm ci failed in {place}:\n{done.stdout.strip()}")
