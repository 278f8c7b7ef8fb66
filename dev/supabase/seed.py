"""A ready-made cluster to copy: with the roles and the empty project database of a new Supabase
project, before any migration. Making it takes seconds, copying it a tenth of one."""

import shutil
import subprocess
from pathlib import Path

from dev import paths, toolchain
from dev.errors import StackError
from dev.process.locks import locked
from dev.supabase import binaries
from dev.supabase.address import DATABASE
from dev.supabase.api import Api
from dev.supabase.databases import Databases
from dev.supabase.postgres import SQL_FOLDER, Postgres

HERE = Path(__file__).resolve().parent
# What the result depends on; a change of any of them makes another seed.
SOURCES = [
    *(binaries.NODE_FOLDER / name for name in toolchain.MANIFESTS),
    *sorted(binaries.EXTENSIONS.iterdir()),
    *sorted(binaries.NODE_FOLDER.glob("*.mjs")),
    *sorted(SQL_FOLDER.glob("*.sql")),
    HERE / "databases.py",
    HERE / "postgres.py",
]


def plant(folder: Path) -> None:
    """Put a copy of the seed into a stack's folder; its password is the same as every copy's."""
    seed = _seed()
    for name in (Postgres.DATA, Postgres.PASSWORD, Postgres.DONE):
        # Unlike shutil, cp keeps the owner, who is the account that Postgres runs as.
        copied = subprocess.run(
            ["cp", "-Rp", str(seed / name), str(folder / name)],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if copied.returncode:
            raise StackError(f"cannot copy {seed / name}: {copied.stderr.strip()}")


def _seed() -> Path:
    """Return the seed's folder, made on the first call. Locked."""
    home = paths.cache_home()
    place = home / f"seed-{toolchain.digest(SOURCES)}"
    if not (place / "done").exists():
        with locked(home / "seed.lock"):
            if not (place / "done").exists():
                shutil.rmtree(place, ignore_errors=True)
                paths.make_stack_folder(place)
                _make(place)
                (place / "done").touch()
    return place


def _make(place: Path) -> None:
    postgres = Postgres(place)
    api = Api(place, place, postgres)
    try:
        postgres.start()
        api.start()
        Databases(api.address, place).create(DATABASE)
    finally:
        api.stop()
        postgres.stop()
