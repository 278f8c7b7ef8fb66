"""Asking the services in this process, with the keys of the Supabase project."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from lib.caller import Caller
from lib.cli.backend import Operation
from lib.resources import Resources
from lib.settings import Settings
from lib.tracing import tracing

FLUSH_S = 1.0


@dataclass(slots=True)
class Directly:
    """See Backend. What it changes is written down under the name of whoever is logged in on this machine."""

    resources: Resources
    caller: Caller

    @classmethod
    def open(cls, environment: Mapping[str, str]) -> "Directly":
        """Open the connections. Call it in the event loop that will use them.

        Raises:
            Misconfigured: SUPABASE_URL or SUPABASE_SERVICE_ROLE_KEY is missing, or another variable is wrong.
        """
        caller = Caller(operator=f"command line ({_os_user()})", role="admin")
        return cls(Resources.open(Settings.load(environment)), caller)

    @property
    def where(self) -> str:
        """The Supabase project."""
        return self.resources.settings.supabase_url

    def may_ask(self, operation: Operation[Any, Any]) -> bool:  # noqa: ARG002 - see Backend
        """The service key opens everything."""
        return True

    async def ask[I: BaseModel, O: BaseModel](self, operation: Operation[I, O], given: I) -> O:
        """See Backend."""
        return cast("O", await operation.service(given, self.resources, self.caller))

    async def aclose(self) -> None:
        """Close the connections. What was enqueued here has a span, when traces are on."""
        await self.resources.aclose()
        await tracing().flush(FLUSH_S)


def _os_user() -> str:
    """Return the name of the user; containers may run as one without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
