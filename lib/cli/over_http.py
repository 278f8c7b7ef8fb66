"""Asking the operators' routes of a deployment, with tokens of the environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from lib import errors
from lib.cli.backend import Operation
from lib.cli.problems import BadUsage, NotReachable

# A function that starts cold and a database that is busy take a while. Vercel ends a function after 10 s.
TIMEOUT_S = 15.0

# The secret that each kind of route wants.
VARIABLES = {"admin": "ADMIN_API_TOKEN", "queue": "QUEUE_API_TOKEN", "cron": "CRON_SECRET"}


@dataclass(slots=True)
class OverHttp:
    """See Backend. secrets: by the names of their variables. Redirects are not followed: they could carry one away."""

    url: str
    secrets: Mapping[str, str] = field(repr=False)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=TIMEOUT_S), repr=False)

    @property
    def where(self) -> str:
        """The address."""
        return self.url

    def may_ask(self, operation: Operation[Any, Any]) -> bool:
        """See Backend."""
        return bool(self.secrets.get(VARIABLES[operation.scope]))

    async def ask[I: BaseModel, O: BaseModel](self, operation: Operation[I, O], given: I) -> O:
        """See Backend."""
        reply = await self._send(operation, given)
        if reply.status_code in operation.statuses:
            try:
                # A newer deployment may tell more.
                return operation.replies.model_validate_json(reply.content, extra="ignore")
            except ValidationError:
                if reply.status_code < 300:
                    whole = self.url + operation.path
                    raise NotReachable(f"{whole} gave an answer that is not understood: another version?") from None
        raise problem_of(reply, self.url)

    async def _send(self, operation: Operation[Any, Any], given: BaseModel) -> httpx.Response:
        content = given.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        is_query = operation.method == "GET"
        try:
            return await self.client.request(
                operation.method,
                self.url + operation.path,
                params=_query(content) if is_query else None,
                json=None if is_query else content,
                headers={"authorization": f"Bearer {self._token(operation)}"},
            )
        except httpx.HTTPError as error:
            raise NotReachable(f"{self.url} does not answer: {str(error) or type(error).__name__}") from error

    def _token(self, operation: Operation[Any, Any]) -> str:
        variable = VARIABLES[operation.scope]
        token = self.secrets.get(variable, "")
        if not token:
            raise BadUsage(f"over HTTP {operation.path} needs {variable}, which is not set")
        return token

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


def problem_of(reply: httpx.Response, url: str) -> Exception:  # noqa: PLR0911 - one case, one error
    """Return the error that a reply means, as the service would have raised it."""
    try:
        problem = reply.json()["error"]
        message, details = str(problem["message"]), problem.get("details")
    except (ValueError, KeyError, TypeError, AttributeError):
        return NotReachable(f"{url} answers {reply.status_code}, and not as a queue does")
    match reply.status_code:
        case 401:
            return errors.NotAuthenticated(message)
        case 403:
            return errors.NotAllowed(message)
        case 404:
            return errors.NotFound(message)
        case 409:
            return errors.Conflict(message)
        case 422 if isinstance(details, list) and details:
            return errors.InvalidInput.of([errors.BrokenRule(each["field"], each["rule"]) for each in details])
        case 429:
            return errors.TooMany(message, 60)
        case status if status >= 500:
            named = ", ".join(details.get("variables", ())) if isinstance(details, dict) else ""
            return NotReachable(f"{url} answers {status}: {message}{f' ({named})' if named else ''}")
        case status:
            return BadUsage(f"{url} answers {status}: {message}")


def _query(content: dict[str, Any]) -> list[tuple[str, str | int | float | bool | None]]:
    """Return parameters: one for each element of a list; an object is written as JSON."""
    return [
        (name, each if isinstance(each, str) else json.dumps(each))
        for name, value in content.items()
        for each in (value if isinstance(value, list) else [value])
    ]
