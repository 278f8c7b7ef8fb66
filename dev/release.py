"""`make release VERSION=1.0.0`: freeze the migrations. From then on each stays as it is, and new ones come after.

It writes tests/releases/<version>/checksums.txt, a line for each migration. Once that file is committed the tests
refuse an edited migration, and bring a database of the last release, with rows in it, to the newest.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import paths
from dev.errors import StackError
from dev.supabase import migrations

FOLDER = Path("tests/releases")
FILE_NAME = "checksums.txt"
VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Release:
    """A release's migrations: the name of each file, with its checksum, in order."""

    version: str
    checksums: dict[str, str]

    def problems(self, project: Path) -> list[str]:
        """Say which of its migrations are not what they were, and which new ones would come between them."""
        now = checksums(project)
        last = max(self.checksums)
        edited = [name for name, checksum in self.checksums.items() if now.get(name, checksum) != checksum]
        early = [name for name in now.keys() - self.checksums.keys() if name < last]
        return [
            *(f"{name} was released in {self.version} and has changed since: bring a new migration" for name in edited),
            *(f"{name} was released in {self.version} and is gone" for name in self.checksums.keys() - now.keys()),
            *(f"{name} comes before the last one of {self.version}: give it a later version" for name in sorted(early)),
        ]


def checksums(project: Path) -> dict[str, str]:
    """Return the checksum of each migration."""
    return {each.file.name: hashlib.sha256(each.file.read_bytes()).hexdigest() for each in migrations.found_in(project)}


def releases(project: Path) -> list[Release]:
    """Return all releases, the oldest first."""
    found = [file for file in (project / FOLDER).glob(f"*/{FILE_NAME}") if VERSION.fullmatch(file.parent.name)]
    return [
        Release(file.parent.name, {name: checksum for checksum, name in map(str.split, file.read_text().splitlines())})
        for file in sorted(found, key=lambda file: [int(part) for part in file.parent.name.split(".")])
    ]


def freeze(project: Path, version: str) -> Path:
    """Write a release's checksums. Raises StackError when it exists, or an earlier release is broken."""
    file = project / FOLDER / version / FILE_NAME
    if not VERSION.fullmatch(version):
        raise StackError(f"a version is three numbers, such as 1.0.0, and not {version!r}")
    if file.exists():
        raise StackError(f"{file} is there: a release is never made twice")
    if broken := [problem for release in releases(project) for problem in release.problems(project)]:
        raise StackError("\n".join(broken))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{checksum}  {name}\n" for name, checksum in checksums(project).items()))
    return file


def main(arguments: Sequence[str]) -> int:
    """Freeze the migrations of this checkout under a version."""
    parser = argparse.ArgumentParser(prog="python -m dev.release", description=__doc__)
    parser.add_argument("version", help="such as 1.0.0")
    try:
        print(f"{freeze(paths.PROJECT, parser.parse_args(arguments).version)}: commit it with the release")
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
