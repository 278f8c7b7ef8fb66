"""What of an app is rehearsed: the files that make its database. Knows no database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import paths
from dev.errors import StackError
from dev.install import manifest
from dev.supabase import migrations

FOLDER = Path("supabase/migrations")
MAKES_TABLES = re.compile(
    r'^\s*create\s+table\s+(if\s+not\s+exists\s+)?("?public"?\.)?"?posts_new\b', re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class App:
    """An app's folder, and its files in the order in which they apply. notes: what is worth knowing about that."""

    folder: Path
    migrations: list[Path]
    others: list[Path]
    notes: list[str]

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [*self.migrations, *self.others]

    @classmethod
    def found_in(cls, folder: Path, dump: Path | None = None, without: Sequence[str] = ()) -> "App":
        """Look for them. Raises StackError when there is nothing to rehearse, and says what to do."""
        _check(folder)
        if dump is not None and not dump.is_file():
            raise StackError(f"--dump: there is no file {dump}")
        notes = []
        if not (folder / "package.json").is_file():
            notes.append("It has no package.json: `make install-into` wants the folder that has one.")
        own = [file for file in _own_migrations(folder) if not _named(file, without)]
        seed = folder / "supabase/seed.sql"
        others = [file for file in (seed, dump) if file is not None and file.is_file() and not _named(file, without)]
        _check_left_out(folder, without)
        if dump is not None and MAKES_TABLES.search(dump.read_text(errors="replace")):
            notes.append(f"{dump.name} makes the tables itself, so the app's migrations and seed.sql are left out.")
            own, others = [], [dump]
        if without:
            notes.append(f"Left out, as you asked: {', '.join(without)}.")
        if not own and dump is None:
            raise StackError(
                f"{folder / FOLDER} has no migrations, so there is no schema to rehearse with. In the app, run\n"
                "  supabase db dump -f schema.sql\n"
                f'and give it: make rehearse DIR={folder} ARGS="--dump {folder}/schema.sql"'
            )
        return cls(folder, own, others, notes)


def _check(folder: Path) -> None:
    """Refuse what is no app's folder."""
    if not folder.is_dir():
        raise StackError(f"DIR: there is no folder {folder}")
    if folder.resolve() == paths.PROJECT or (folder / "dev/rehearse/app.py").is_file():
        raise StackError(f"DIR: {folder} is a checkout of the queue. Give the folder of the app that is to adopt it")
    if (folder / "package.json").is_file() or (folder / FOLDER).is_dir():
        return
    below = sorted(
        file.parents[1] for file in [*folder.glob("*/supabase/migrations"), *folder.glob("*/*/supabase/migrations")]
    )
    hint = f". Is it DIR={below[0]}?" if below else ". Give the folder of a Next.js app on Supabase"
    raise StackError(f"DIR: {folder} has neither a package.json nor {FOLDER}{hint}")


def _own_migrations(folder: Path) -> list[Path]:
    """Return the app's migrations, without those of ours that the installer put there."""
    installed = manifest.read(folder)
    ours = {each.installed_as for each in installed.migrations.values()} if installed else set()
    return [each.file for each in migrations.found_in(folder) if each.file.name not in ours]


def _named(file: Path, names: Sequence[str]) -> bool:
    return any(Path(name).name == file.name for name in names)


def _check_left_out(folder: Path, names: Sequence[str]) -> None:
    """Refuse --without of what is not there: a typing error would go unseen."""
    there = {file.name for file in [*_own_migrations(folder), folder / "supabase/seed.sql"]}
    for name in names:
        if Path(name).name not in there:
            raise StackError(f"--without: {FOLDER} has no {Path(name).name}")
