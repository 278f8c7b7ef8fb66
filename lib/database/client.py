"""Calls of the project's database functions, as service_role, through PostgREST.

One call, one function, one typed answer. Each call ends within MAX_CALL_S and within the time that the caller has left.
Nothing is retried here.
"""

import asyncio
import json
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from lib.database.problems import problem_of
from lib.database.storage_calls import StorageCalls
from lib.database.time_limit import TimeLeft, as_long_as_a_call_may_take, call_timeout_s
from lib.database.transport import Transport, Unreachable, service_headers
from lib.errors import DatabaseTimeout, DatabaseUnavailable, UnreadableAnswer

if TYPE_CHECKING:
    from lib.database.auth import Auth
    from lib.database.storage import Storage

# For functions that return void.
NOTHING: TypeAdapter[None] = TypeAdapter(None)

# Of a number: a double has up to 309 before the point, and Python reads an integer of up to 4,300.
MAX_DIGITS = 400

_JSON = {"content-type": "application/json", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Database:
    """The project's database functions, Auth and Storage. Safe to share between concurrent tasks.

    time_left_s: how many seconds the caller has left, asked at each call. storage_calls: counts the uploads.
    """

    url: str
    key: str = field(repr=False)
    transport: Transport
    time_left_s: TimeLeft = as_long_as_a_call_may_take
    storage_calls: StorageCalls = field(default_factory=StorageCalls)

    def within(self, time_left_s: TimeLeft) -> "Database":
        """Return the same door, over the same connections, with calls that end within this time."""
        return replace(self, time_left_s=time_left_s)

    def counting(self, storage_calls: StorageCalls) -> "Database":
        """Return the same door, with uploads that are counted there."""
        return replace(self, storage_calls=storage_calls)

    async def rpc[T](self, function: str, returns: type[T] | TypeAdapter[T], /, **arguments: object) -> T:
        """Call a database function and return its answer.

        returns: the type of the answer: a model, a list of models or a scalar; a TypeAdapter for what is not a class.
        arguments: by the names that the SQL function gives them; models are sent with their snake_case names.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected, UnreadableAnswer, Conflict, InvalidInput, NotFound,
                TooMany: see lib.errors.
        """
        try:
            async with asyncio.timeout(call_timeout_s(self.time_left_s)):
                reply = await self.transport.post(
                    f"{self.url.rstrip('/')}/rest/v1/rpc/{function}",
                    service_headers(self.key) | _JSON,
                    to_json(arguments, by_alias=False),
                )
        except TimeoutError as error:
            raise DatabaseTimeout(function, "no answer in time") from error
        except Unreachable as error:
            raise DatabaseUnavailable(function, str(error)) from error
        if not 200 <= reply.status < 300:
            raise problem_of(function, reply.status, reply.body)
        return _read(function, returns, reply.body)

    @property
    def auth(self) -> "Auth":
        """Supabase Auth."""
        from lib.database.auth import Auth  # noqa: PLC0415 - its library takes long to import; most routes need no users

        return Auth(self.url, self.key, self.time_left_s)

    @property
    def storage(self) -> "Storage":
        """Supabase Storage."""
        from lib.database.storage import Storage  # noqa: PLC0415 - as above; most routes need no files

        return Storage(self.url, self.key, self.time_left_s, self.storage_calls)


@cache
def _adapter(returns: Hashable) -> TypeAdapter[Any]:
    """Return the reader of a type. Making one takes a while."""
    return TypeAdapter(cast("Any", returns))


def _read[T](function: str, returns: type[T] | TypeAdapter[T], body: bytes) -> T:
    adapter: TypeAdapter[T] = returns if isinstance(returns, TypeAdapter) else _adapter(cast("Hashable", returns))
    try:
        # A function that returns void answers with an empty body. What a newer migration added is ignored.
        return adapter.validate_json(body or b"null", extra="ignore")
    except ValidationError as error:
        problem = _problem(error)
    if problem["type"] == "json_invalid":
        try:
            return adapter.validate_python(_read_long_numbers(body), extra="ignore")
        except ValidationError as error:
            problem = _problem(error)
        except (ValueError, RecursionError):
            raise UnreadableAnswer(function, "the answer: Invalid JSON") from None
    raise UnreadableAnswer(function, f"{'.'.join(map(str, problem['loc'])) or 'the answer'}: {problem['msg']}")


def _problem(error: ValidationError) -> ErrorDetails:
    """The first one, without its value: it may be anybody's."""
    return error.errors(include_url=False, include_input=False, include_context=False)[0]


def _read_long_numbers(body: bytes) -> Any:
    """Postgres writes out numbers of any length. One that Python does not read becomes a text that says so: a wrong
    value in its own place, and not the end of the whole answer."""
    return json.loads(body, parse_int=_number, parse_float=_number)


def _number(digits: str) -> int | float | str:
    if len(digits) > MAX_DIGITS:
        return f"a number of {len(digits)} digits"
    return float(digits) if set(digits) & set(".eE") else int(digits)
