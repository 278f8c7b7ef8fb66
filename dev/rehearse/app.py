"""What of an app is rehearsed: the files that make its database. Knows no database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import paths
from dev.errors import StackError
from dev.install import folders, manifest
from dev.install.migrations import OPTIONAL
from dev.rehearse import dump
from dev.supabase import migrations
from dev.supabase.migrations import Migration

FOLDER = Path("supabase/migrations")
OURS = paths.PROJECT / "supabase"
SEED = "seed.sql"
MAKES_TABLES = re.compile(
    r'^\s*create\s+table\s+(if\s+not\s+exists\s+)?("?public"?\.)?"?posts_new\b', re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class App:
    """An app's folder, that of its supabase/, and its files in the order in which they apply.

    scripts: SQL besides the migrations: a seed, or a dump of the schema. rows: dumps that have only rows. notes: what
    is worth knowing about that. installed: what the installer has put there, if it has.
    """

    folder: Path
    project: Path
    migrations: list[Migration]
    scripts: list[Path]
    rows: list[Path]
    notes: list[str]
    installed: manifest.Manifest | None = None

    @property
    def steps(self) -> list[str]:
        """The optional steps that it has already, and that this checkout knows."""
        keys = self.installed.migrations if self.installed else {}
        return [Path(key).stem for key in keys if key.startswith(OPTIONAL) and (OURS / key).is_file()]

    @property
    def seed(self) -> str:
        """The text of its seed.sql, or of nothing."""
        return "".join(file.read_text(errors="replace") for file in self.scripts if file.name == SEED)

    @property
    def schema(self) -> Path:
        """Where a dump of its schema is to be put."""
        return _beside(self.folder)

    @classmethod
    def found_in(cls, given: Path, dumps: Sequence[Path] = (), without: Sequence[str] = ()) -> "App":
        """Look for them. Raises StackError when there is nothing to rehearse, and says what to do."""
        _check(given)
        _check_dumps(dumps)
        folder = _next_app(given)
        project = _project(given, folder)
        _check_left_out(folder, project, without)
        own = [each for each in _own_migrations(folder, project) if not _named(each.file, without)]
        schemas = [file for file in dumps if MAKES_TABLES.search(file.read_text(errors="replace"))]
        seed = project / "supabase" / SEED
        seeds = [seed] if seed.is_file() and not dumps and not _named(seed, without) else []
        if not own and not schemas:
            raise StackError(
                f"{project}/supabase/migrations has no migrations, so there is no schema to rehearse with. In the app, "
                f"run\n  supabase db dump --remote -f {_beside(folder)}\n"
                f'which needs Docker. Then: make rehearse DIR={given} ARGS="--dump {_beside(folder)}"'
            )
        notes = _notes(given, folder, dumps, schemas, without)
        rows = [file for file in dumps if file not in schemas]
        return cls(folder, project, [] if schemas else own, schemas or seeds, rows, notes, manifest.read(folder))


def _beside(folder: Path) -> Path:
    """Return a file beside the app's repository: not in it."""
    return folders.repository_of(folder.resolve()).parent / "schema.sql"


def _check_dumps(dumps: Sequence[Path]) -> None:
    """Refuse what is no file, and what no dump can be."""
    for file in dumps:
        if not file.is_file():
            raise StackError(f"--dump: there is no file {file}")
        dump.check(file)


def _next_app(given: Path) -> Path:
    """Return the folder of the Next.js app: in a monorepo, the root of which was given, that of its only one."""
    below = [] if folders.is_app(given) else folders.apps_below(given)
    return below[0] if len(below) == 1 else given


def _project(given: Path, folder: Path) -> Path:
    """Return the folder that has the app's supabase/: the given one, the app's, or one above that in its repository."""
    if (given / "supabase/migrations").is_dir():
        return given
    return (folder / folders.supabase_of(folder.resolve())).parent.resolve()


def _notes(
    given: Path, folder: Path, dumps: Sequence[Path], schemas: Sequence[Path], without: Sequence[str]
) -> list[str]:
    """Say what a person may not expect of the choice of files."""
    notes = []
    if folder != given:
        notes.append(f"The Next.js app is {folder}: `make install-into` wants that folder.")
    elif not (folder / "package.json").is_file():
        notes.append("It has no package.json: `make install-into` wants the folder that has one.")
    if schemas:
        names = " and ".join(file.name for file in schemas)
        notes.append(f"{names} makes the tables itself, so the app's migrations and seed.sql are left out.")
    root = folders.repository_of(folder.resolve())
    inside = [file for file in dumps if file.resolve().is_relative_to(root)]
    if seen := [file for file in inside if not folders.ignored_by_git(root, [str(file.resolve().relative_to(root))])]:
        notes.append(f"{seen[0]} lies in the app's repository, and git does not ignore it: commit no people's data.")
    if without:
        notes.append(f"Left out, as you asked: {', '.join(without)}.")
    return notes


def _check(folder: Path) -> None:
    """Refuse what is no app's folder."""
    if not folder.is_dir():
        raise StackError(f"DIR: there is no folder {folder}")
    if folder.resolve() == paths.PROJECT or (folder / "dev/rehearse/app.py").is_file():
        raise StackError(f"DIR: {folder} is a checkout of the queue. Give the folder of the app that is to adopt it")
    if (folder / "package.json").is_file() or (folder / FOLDER).is_dir():
        return
    below = folders.apps_below(folder)
    if len(below) == 1:
        return
    hint = f". Is it DIR={below[0]}?" if below else ". Give the folder of a Next.js app on Supabase"
    raise StackError(f"DIR: {folder} has neither a package.json nor {FOLDER}{hint}")


def _own_migrations(folder: Path, project: Path) -> list[Migration]:
    """Return the app's migrations, without those of ours that the installer put there."""
    installed = manifest.read(folder)
    ours = {each.installed_as for each in installed.migrations.values()} if installed else set()
    return [each for each in migrations.found_in(project) if each.file.name not in ours]


def _named(file: Path, names: Sequence[str]) -> bool:
    return any(Path(name).name == file.name for name in names)


def _check_left_out(folder: Path, project: Path, names: Sequence[str]) -> None:
    """Refuse --without of what is not there: a typing error would go unseen."""
    there = {*(each.file.name for each in _own_migrations(folder, project)), SEED}
    for name in names:
        if Path(name).name not in there:
            raise StackError(f"--without: {FOLDER} has no {Path(name).name}")
