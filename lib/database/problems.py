"""What an error reply of PostgREST means: the only place that knows SQLSTATEs.

Source of the codes: "PostgreSQL Error Codes" (Postgres docs, appendix A) and "Errors" (PostgREST docs).
"""

import json
import re

from lib.errors import (
    Conflict,
    DatabaseError,
    DatabaseRejected,
    DatabaseTimeout,
    DatabaseUnavailable,
    InvalidInput,
    NotFound,
    SchemaDiffers,
    TooMany,
)

# What check constraints mean to whoever enqueues or posts, and rules of change_like and matching_jobs to whoever calls.
_RULES = {
    "a new session_id has at least 16 characters": ("sessionId", "must have at least 16 characters"),
    "too many jobs were looked at for the filter": (
        "filter",
        "looks at too many jobs; narrow it by status, jobType, key, createdFrom or createdTo",
    ),
    "background_jobs_payload_is_an_object": ("payload", "must be a JSON object"),
    "background_jobs_payload_at_most_64_kib": ("payload", "must be at most 64 KiB of JSON"),
    "background_jobs_payload_at_most_64_deep": ("payload", "must be nested at most 64 levels deep"),
    "background_jobs_payload_numbers_below_1e308": ("payload", "must have numbers of at most 308 digits only"),
    "background_jobs_sync_names_a_post": ("payload", "must have a post_id that is a UUID"),
    "background_jobs_priority_0_to_10": ("priority", "must be from 0 to 10"),
    "background_jobs_max_attempts_1_to_25": ("max_attempts", "must be from 1 to 25"),
    "background_jobs_scheduled_for_in_years_1_to_9999": ("scheduled_for", "must be in the years 1 to 9999"),
    "background_jobs_key_1_to_255": ("idempotency_key", "must have 1 to 255 characters"),
    "background_jobs_traceparent_is_w3c": ("traceparent", "must be a traceparent of W3C Trace Context, version 00"),
    "posts_new_image_url_is_a_url_or_a_path": (
        "imageUrl",
        "must be an http(s) URL or a path, of at most 2048 characters and no control characters",
    ),
}

# What our functions raise.
_SAID_BY_US: dict[str, type[Conflict | NotFound]] = {"PT404": NotFound, "PT409": Conflict}
# Data exceptions, a null where a value belongs, and check constraints.
_INVALID = ("22", "23502", "23514")
_NUL = {"22021", "22P05"}
# Query canceled: the statement timeout.
_TIMEOUTS = {"57014"}
# States in which Postgres or PostgREST refuses through no fault of the call: try it again later.
_LATER_CLASSES = (
    "08",  # connection exception
    "40",  # transaction rollback: deadlock, serialization failure
    "53",  # insufficient resources: disk full, out of memory, too many connections
    "57P",  # operator intervention: shutting down, starting up, database dropped
    "58",  # system error: I/O
)
_LATER = {
    "25006",  # read-only transaction: Supabase makes a project read-only when its disk is full
    "55P03",  # lock not available
    "PGRST000",  # PostgREST cannot connect to the database
    "PGRST001",  # internal connection error
    "PGRST002",  # no schema cache
    "PGRST003",  # timed out waiting for a connection
}
# There is no such function, table or column, or PostgREST does not know of it yet.
_SCHEMA_DIFFERS = {"42883", "42P01", "42703", "PGRST202"}
# A reply that is not PostgREST's own: a gateway before it is busy or down. (Cloudflare's statuses are 520 to 530.)
_GATEWAY_STATUS = re.compile(r"5\d\d|429")

# How long to wait when a limit's refusal does not say it in whole seconds.
_WAIT_S = 60

type Problem = Conflict | InvalidInput | NotFound | TooMany | DatabaseError


def problem_of(function: str, status: int, body: bytes) -> Problem:
    """Return the error that a reply with an error status means. Its details are left out, for they may show a row; of a
    limit's refusal they are the seconds to wait."""
    code, message, details = _read(status, body)
    if code is None:
        return DatabaseUnavailable(function, message)
    if code == "PT429":
        return TooMany(message, int(details) if re.fullmatch(r"\d{1,5}", details) else _WAIT_S)
    return _translate(function, code, message)


def _read(status: int, body: bytes) -> tuple[str | None, str, str]:
    """Return the code, the message and the details. The code is None when something before PostgREST answered."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        # Not JSON: a page of a gateway, or of whatever else answers under Supabase's name.
        return (None if _GATEWAY_STATUS.fullmatch(str(status)) else str(status)), f"HTTP {status}", ""
    if not isinstance(content, dict) or not content.get("code"):
        return None, f"HTTP {status}", ""
    return str(content["code"]), str(content.get("message") or f"HTTP {status}"), str(content.get("details") or "")


def _translate(function: str, code: str, message: str) -> Problem:
    if code in _SAID_BY_US:
        return _SAID_BY_US[code](message)
    if code in _TIMEOUTS:
        return DatabaseTimeout(function, message)
    if code in _LATER or code.startswith(_LATER_CLASSES):
        return DatabaseUnavailable(function, message)
    if code in _NUL:
        return InvalidInput("text", "must not contain U+0000, which Postgres cannot store")
    if code.startswith(_INVALID):
        broken = next((rule for constraint, rule in _RULES.items() if constraint in message), None)
        return InvalidInput(*broken) if broken else InvalidInput(function, message)
    return (SchemaDiffers if code in _SCHEMA_DIFFERS else DatabaseRejected)(function, message, code)
