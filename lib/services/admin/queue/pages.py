"""Pages that are bounded in bytes as well as in rows: Vercel sends no reply of more than 4.5 MB."""

from collections.abc import Sequence

from pydantic import BaseModel

MAX_PAGE_BYTES = 3_000_000


def fitting[T: BaseModel](rows: Sequence[T], most_bytes: int = MAX_PAGE_BYTES) -> tuple[T, ...]:
    """Return the first rows that fit, at least one: a row is far smaller than a page."""
    shown: list[T] = []
    for row in rows:
        most_bytes -= len(row.model_dump_json(by_alias=True))
        if most_bytes < 0 and shown:
            break
        shown.append(row)
    return tuple(shown)
