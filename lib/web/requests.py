"""Reading a request: its JSON body or its query, as a service's input."""

from collections.abc import Callable
from typing import Any, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lib.errors import InvalidInput
from lib.model import broken_rules, read_json

# What a form needs, and little enough to be checked at once: reading holds up an instance's other requests.
MAX_BODY_BYTES = 64 * 1024
# A page of 100 posts, and what else a route takes.
MAX_PARAMETERS = 128


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer ...`, None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    # Blanks only: str.strip would also take the last byte of a UTF-8 "à", which headers show as a no-break space.
    return (token.strip(" \t") or None) if scheme.lower() == "bearer" else None


def read_query[M: BaseModel](request: Request, model: type[M]) -> M:
    """The query parameters; a field that is a tuple takes all values of its name, any other exactly one.

    Raises:
        InvalidInput: a parameter breaks a rule.
    """
    many = {
        name
        for field, info in model.model_fields.items()
        if get_origin(info.annotation) is tuple
        for name in (field, info.alias)
    }
    values = {
        name: given if name in many or len(given) > 1 else given[0] for name, given in _parameters(request).items()
    }
    return _validate(model.model_validate, values)


def _parameters(request: Request) -> dict[str, list[str]]:
    """The values of each name, read in one pass; too many are counted and not read."""
    query = request.scope["query_string"].decode("latin-1")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidInput("query", f"must have at most {MAX_PARAMETERS} parameters") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


async def read_body[M](request: Request, parse: Callable[[Any], M], max_bytes: int = MAX_BODY_BYTES) -> M:
    """The JSON body.

    Raises:
        HTTPException: 400 not JSON, 413 too large, 415 another media type.
        InvalidInput: a field breaks a rule.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, "the body must be application/json")
    try:
        content = read_json(await _read(request, max_bytes))
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not valid JSON") from None
    return _validate(parse, content)


async def _read(request: Request, max_bytes: int) -> bytes:
    """The body, up to the limit, whatever its Content-Length says."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413, f"the body must be at most {max_bytes} bytes")
    return bytes(body)


def _validate[M](parse: Callable[[Any], M], value: Any) -> M:
    try:
        return parse(value)
    except ValidationError as error:
        raise InvalidInput.of(broken_rules(error, "body")) from None
