"""Where a running stack listens, and its keys: all that a client of it needs, in one frozen value
that can be handed to another process."""

import dataclasses
import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from dev.errors import StackError

# The project's own database, and what tests clone.
DATABASE, TEMPLATE = "app", "template_app"


@dataclass(frozen=True)
class Address:
    """A running stack as its clients see it. `database` is "app" unless said otherwise."""

    folder: Path
    api_port: int
    postgres_port: int
    password: str
    publishable_key: str
    secret_key: str

    def api_url(self, database: str = DATABASE) -> str:
        """Return the SUPABASE_URL of a database: one API process serves them all."""
        base = f"http://127.0.0.1:{self.api_port}"
        return base if database == DATABASE else f"{base}/db/{database}"

    def postgres_url(self, user: str = "postgres", database: str = DATABASE) -> str:
        """Return a libpq URL."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.postgres_port}/{database}"

    def env(self, database: str = DATABASE) -> dict[str, str]:
        """Return the variables by which programs find a database and its API."""
        return self.functions_env(database) | {
            "DATABASE_URL": self.postgres_url(database=database),
            "DATABASE_ADMIN_URL": self.postgres_url("supabase_admin", database),
        }

    def functions_env(self, database: str = DATABASE) -> dict[str, str]:
        """Return what functions get of these: they have no direct connection when hosted."""
        return {
            "SUPABASE_URL": self.api_url(database),
            "SUPABASE_ANON_KEY": self.publishable_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.secret_key,
        }

    def control(self, action: Literal["reload", "warm", "system", "close"], database: str = DATABASE) -> None:
        """Tell the API to do something about a database.

        reload: read its schema and role settings again. warm: connect ahead of the first request.
        system: make the auth and storage tables. close: disconnect from it.
        """
        url = urlsplit(f"{self.api_url(database)}/dev/{action}")
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        try:
            connection.request("POST", url.path, headers={"apikey": self.secret_key})
            reply = connection.getresponse()
            detail = reply.read().decode(errors="replace")
        except OSError as error:
            raise StackError(f"the API does not answer: {error}") from error
        finally:
            connection.close()
        if reply.status != 204:
            raise StackError(f"the API could not {action} {database}: {reply.status} {detail}")

    def dumps(self) -> str:
        """Return this as text for `loads` in another process."""
        return json.dumps({**dataclasses.asdict(self), "folder": str(self.folder)})

    @classmethod
    def loads(cls, text: str) -> Self:
        """Return the address that `dumps` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "folder": Path(fields["folder"])})
