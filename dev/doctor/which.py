"""Which database is examined: that of the command line, of the environment, or of an .env.local, as ./queue has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from dev import paths
from lib.cli.connection import ENV_FILE, read_file
from lib.cli.problems import BadUsage

VARIABLE = "DATABASE_URL"
NOT_SET = """nothing says which database. Set DATABASE_URL: in Supabase's dashboard, under Connect, is its value.
`make dev` writes one for the database on this machine into .env.local, which is read when none is set.
Looked for it in {}."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A database. source: what says where it is. Shown without its password."""

    url: str = field(repr=False)
    source: str

    def __str__(self) -> str:
        """Say which it is, for people. Raises psycopg.ProgrammingError when it is no URL of a database."""
        parts = conninfo_to_dict(self.url)
        host, port = parts.get("host") or "the local socket", parts.get("port")
        where = f"{host}:{port}" if port else host
        return f"the database {parts.get('dbname') or parts.get('user') or 'of your user'} on {where}, by {self.source}"


def database(given: str | None, environment: Mapping[str, str], checkout: Path = paths.PROJECT) -> Chosen:
    """Choose. An .env.local of the current folder comes before that of the checkout.

    Raises BadUsage when nothing says which, or a file cannot be read.
    """
    if given:
        return Chosen(given, "the command line")
    if found := environment.get(VARIABLE, "").strip():
        return Chosen(found, f"{VARIABLE} of the environment")
    files = dict.fromkeys((Path.cwd() / ENV_FILE, checkout / ENV_FILE))
    for file in files:
        url = read_file(file).get(VARIABLE) if file.exists() else None
        if url:
            return Chosen(url, f"{VARIABLE} of {file}")
    raise BadUsage(NOT_SET.format(" and ".join(map(str, files))))
