"""Text and JSON that Postgres can store: no NUL, no lone surrogates, and not too long. Pure."""

import json
from collections.abc import Mapping
from typing import Any

MAX_ERROR_CHARACTERS = 2000
MAX_RESULT_BYTES = 65_536


def storable_text(text: str) -> str:
    """Return at most 2,000 characters that Postgres can store."""
    return _clean_string(text)[:MAX_ERROR_CHARACTERS]


def storable_result(result: Mapping[str, Any] | None) -> Any:
    """Return the same JSON without what jsonb refuses.

    A result over the limit becomes the note that settle_jobs would make of it: megabytes would hold up the settling of
    the other jobs.

    Raises:
        TypeError, ValueError, RecursionError: it is not JSON.
    """
    clean = _clean_json(json.loads(json.dumps(result, allow_nan=False, default=_as_dict)))
    size = len(json.dumps(clean, ensure_ascii=False).encode())
    if size > MAX_RESULT_BYTES:
        return {"note": f"a result of {size} bytes was left out: at most {MAX_RESULT_BYTES} are kept"}
    return clean


def _as_dict(value: object) -> object:
    """For what json does not know by itself: mappings that are not a dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _clean_json(value: Any) -> Any:
    match value:
        case str():
            return _clean_string(value)
        case dict():
            return {_clean_string(key): _clean_json(item) for key, item in value.items()}
        case list():
            return [_clean_json(item) for item in value]
        case _:
            return value


def _clean_string(text: str) -> str:
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
