"""What was put into an app, kept in the app: so that the next run knows what is its own and what was changed since."""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dev.errors import StackError

FILE_NAME = ".suplatzigram-queue.json"

type Mode = Literal["two-projects", "one-project"]


class Choices(BaseModel):
    """How the app wants it. folder: where the queue's own project lies, with two of them. prefix: of our routes.

    supabase: where the app's Supabase project is, relative to the app.
    """

    model_config = ConfigDict(frozen=True)

    mode: Mode
    folder: str = Field("queue", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    prefix: str = Field("", pattern=r"^([a-z0-9][a-z0-9-]{0,39})?$")
    supabase: str = Field("supabase", pattern=r"^(\.\./)*([A-Za-z0-9_.-]+/)*supabase$")

    @property
    def migrations(self) -> str:
        """The folder of the app's migrations, relative to the app."""
        return f"{self.supabase}/migrations"


class Migration(BaseModel):
    """One of our migrations: its file in the app, and its checksum when it was put there."""

    model_config = ConfigDict(frozen=True)

    installed_as: str
    checksum: str


class Manifest(BaseModel):
    """Everything that was put in. originals: files of the app that were changed, as they were; null is "not there"."""

    model_config = ConfigDict(frozen=True)

    choices: Choices
    files: dict[str, str] = {}
    migrations: dict[str, Migration] = {}
    originals: dict[str, str | None] = {}

    def dumps(self) -> str:
        """Return its text."""
        return self.model_dump_json(indent=2) + "\n"


def read(app: Path) -> Manifest | None:
    """Read an app's manifest; None when nothing was put in. Raises StackError when it is broken."""
    file = app / FILE_NAME
    if not file.exists():
        return None
    try:
        return Manifest.model_validate_json(file.read_text())
    except ValidationError as broken:
        raise StackError(f"{file} is not what the installer writes: {broken.errors()[0]['msg']}") from broken


def checksum(content: bytes) -> str:
    """Return what tells two contents apart."""
    return hashlib.sha256(content).hexdigest()
