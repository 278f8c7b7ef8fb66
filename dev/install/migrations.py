"""Our migrations among an app's own: under fresh versions, in our order, later than the app's newest.

`supabase db push` refuses a project whose database has versions that its folder lacks. So ours have to lie in the app's
folder, and have to come after what is applied already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.install.manifest import Migration, checksum
from dev.supabase import migrations

VERSION = "%Y%m%d%H%M%S"
OPTIONAL = "optional/"


@dataclass(frozen=True)
class Placed:
    """One of our migrations, and where it lies or will lie. key: what the manifest knows it by."""

    key: str
    source: Path
    installed_as: str
    checksum: str
    new: bool

    def note(self) -> Migration:
        """Return what the manifest keeps of it."""
        return Migration(installed_as=self.installed_as, checksum=self.checksum)


def place(
    project: Path, folder: Path, known: dict[str, Migration], now: datetime, add: Sequence[str] = ()
) -> tuple[list[Placed], list[str]]:
    """Return where each of our migrations lies, and what is wrong. One that lies there keeps its name.

    folder: the app's migrations. Optional steps that are in the app already stay, and `add` brings more of them, after
    all others.
    """
    placed, problems = [], []
    version = first_version(folder, now)
    wanted = {each.file.name: each.file for each in migrations.found_in(project)}
    optional = [key for key in known if key.startswith(OPTIONAL)] + [f"{OPTIONAL}{name}.sql" for name in add]
    wanted |= {key: project / "supabase" / key for key in optional}
    for key, source in wanted.items():
        if key.startswith(OPTIONAL) and key.removeprefix(OPTIONAL).removesuffix(".sql") not in steps(project):
            problems.append(f"there is no supabase/{key}: --add takes {', '.join(steps(project))}")
            continue
        content, before = checksum(source.read_bytes()), known.get(key)
        if before is None:
            name = migrations.FILE_NAME.fullmatch(source.name)
            title = name["name"] if name else source.stem
            placed.append(Placed(key, source, f"{version:{VERSION}}_{title}.sql", content, new=True))
            version += timedelta(seconds=1)
            continue
        placed.append(Placed(key, source, before.installed_as, before.checksum, new=False))
        problems += _changes(folder, source, before, content)
    gone = sorted(known.keys() - wanted.keys())
    problems += [f"{name} was installed, and this checkout does not have it: is it an older one?" for name in gone]
    return placed, problems


def steps(project: Path) -> list[str]:
    """Return the names of the optional steps."""
    return sorted(file.stem for file in (project / "supabase" / OPTIONAL).glob("*.sql"))


def _changes(folder: Path, source: Path, before: Migration, content: str) -> list[str]:
    """Say what was edited that may have been applied already: a migration is never edited."""
    problems = []
    installed = folder / before.installed_as
    if content != before.checksum:
        problems.append(f"{source.name} has changed since it was installed; a later version must bring a new file")
    if not installed.exists():
        problems.append(
            f"{before.installed_as} was installed and is gone: restore it from the app's history, or, when nothing was"
            " pushed yet, use --remove and install again"
        )
    elif checksum(installed.read_bytes()) != before.checksum:
        problems.append(f"{before.installed_as} was edited: restore it from the app's history")
    return problems


def first_version(folder: Path, now: datetime) -> datetime:
    """Return a version that is now, or later where the app has later ones."""
    found = (re.match(r"\d{14}(?=_)", file.name) for file in folder.glob("*.sql"))
    newest = max((match[0] for match in found if match), default="")
    first = now.astimezone(UTC).replace(microsecond=0)
    try:
        return max(first, datetime.strptime(newest, VERSION).replace(tzinfo=UTC) + timedelta(seconds=1))
    except ValueError:  # no migrations, or a number that is no time
        return first
