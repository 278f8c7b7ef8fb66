"""Which queue, and which way: decided from options, the environment and .env.local, before anything is asked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import dotenv

from lib.cli.backend import Backend
from lib.cli.directly import Directly
from lib.cli.over_http import VARIABLES, OverHttp
from lib.cli.problems import BadUsage

ENV_FILE = ".env.local"
# Set by the script ./queue: where it lies. `make dev` writes its .env.local there.
CHECKOUT = "QUEUE_CHECKOUT"
NOTHING_SET = """nothing says which queue. Set one of these pairs, in the
environment or in a file for --env-file:
  QUEUE_URL and ADMIN_API_TOKEN                over HTTP, as the dashboard does
  SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY   directly
`make dev` writes an .env.local, which is read when nothing else is set.
Looked for it in {}."""

type Way = Literal["http", "direct"]
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Connection:
    """A decision. source: what says where the queue is. note: what to tell when the choice was made for the user."""

    way: Way
    environment: Mapping[str, str] = field(repr=False)
    source: str
    note: str | None = None

    @property
    def address(self) -> str:
        """Where the queue, or its Supabase, is asked."""
        if self.way == "http":
            return self.environment["QUEUE_URL"]
        return self.environment.get("SUPABASE_URL") or self.environment["NEXT_PUBLIC_SUPABASE_URL"]

    @property
    def advice(self) -> str:
        """What to look at when nobody answers."""
        local = urlsplit(self.address.strip()).hostname in _THIS_MACHINE
        return f"{self.address} comes from {self.source}" + ("; is `make dev` running?" if local else "")

    def open(self) -> Backend:
        """Open it, in a running event loop.

        Raises:
            BadUsage, Misconfigured: a variable is missing or wrong.
        """
        if self.way == "direct":
            return Directly.open(self.environment)
        return OverHttp(_checked_url(self.environment["QUEUE_URL"]), _secrets(self.environment))


def choose(url: str | None, env_file: Path | None, way: Way | None, environment: Mapping[str, str]) -> Connection:
    """Decide. What is given on the command line comes first, then env_file, then the environment, then .env.local: of
    the current folder, or of the checkout whose script was called.

    Raises:
        BadUsage: nothing says which queue, or not for the way that was asked for.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    source, note = "the environment", None
    looked_for = _env_files(given)
    if env_file is not None:
        given |= read_file(env_file)
        source = str(env_file)
    elif url is None and not given.keys() & {"QUEUE_URL", "SUPABASE_URL"}:
        for found in [file for file in looked_for if _says_which_queue(file, given)][:1]:
            given |= read_file(found)
            source, note = str(found), f"reading {found}"
    if url is not None:
        given["QUEUE_URL"] = url
        source = "--url"
    chosen: Way = way or ("http" if "QUEUE_URL" in given else "direct")
    needed = "QUEUE_URL" if chosen == "http" else "SUPABASE_URL"
    if needed not in given and not (chosen == "direct" and "NEXT_PUBLIC_SUPABASE_URL" in given):
        if way is not None:
            raise BadUsage(f"{needed} is not set, which --{way} needs")
        raise BadUsage(NOTHING_SET.format(" and ".join(map(str, looked_for))))
    return Connection(chosen, given, source, note)


def _env_files(environment: Mapping[str, str]) -> list[Path]:
    """Return where an .env.local is looked for, in this order."""
    here, checkout = Path(ENV_FILE), environment.get(CHECKOUT)
    beside = [Path(checkout, ENV_FILE)] if checkout and Path(checkout).resolve() != Path.cwd() else []
    return [here, *beside]


def _says_which_queue(file: Path, environment: Mapping[str, str]) -> bool:
    """Whether it has a pair. The .env.local of a Next.js app has the project's address, and no key of the service."""
    if not file.exists():
        return False
    found = environment.keys() | read_file(file).keys()
    return "QUEUE_URL" in found or (
        "SUPABASE_SERVICE_ROLE_KEY" in found and bool(found & {"SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"})
    )


def read_file(file: Path) -> dict[str, str]:
    """Return the variables of a file. The FUNCTIONS_URL of `make dev` is a QUEUE_URL.

    Raises:
        BadUsage: it cannot be read.
    """
    try:
        with file.open() as stream:
            values = {name: value for name, value in dotenv.dotenv_values(stream=stream).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if "FUNCTIONS_URL" in values:
        values.setdefault("QUEUE_URL", values["FUNCTIONS_URL"])
    return values


def _checked_url(url: str) -> str:
    """Refuse an address to which a token would go in the clear."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadUsage("QUEUE_URL must be an address, such as https://app.example.com")
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        raise BadUsage("QUEUE_URL must be https: over http anybody on the way could read the token")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets that are set. A viewer's token does for an operator's, and changes nothing."""
    secrets = {name: environment.get(name, "").strip() for name in VARIABLES.values()}
    secrets["ADMIN_API_TOKEN"] = secrets["ADMIN_API_TOKEN"] or environment.get("VIEWER_API_TOKEN", "").strip()
    for name, value in secrets.items():
        if not value.isascii():
            raise BadUsage(f"{name} must be ASCII, as a header is")
    if not secrets["ADMIN_API_TOKEN"]:
        raise BadUsage("ADMIN_API_TOKEN is not set; with VIEWER_API_TOKEN instead one can look and change nothing")
    return secrets


def from_this_process(url: str | None, env_file: Path | None, way: Way | None) -> Connection:
    """Decide by this process's environment."""
    return choose(url, env_file, way, os.environ)
