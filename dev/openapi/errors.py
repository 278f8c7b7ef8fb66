"""The error replies of an operation: what the edge may answer, and what the service adds."""

from typing import Any

from pydantic import BaseModel

from lib.web.endpoint import Action

_WORDS = {
    400: "The body is not JSON.",
    401: "No credential, or a wrong one.",
    403: "The credential does not permit this.",
    404: "There is no such thing.",
    409: "The idempotency key is another job's, or the name another schedule's.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "A field breaks a rule: details names both.",
    429: "More often than the limits allow; Retry-After says when to try again.",
    500: "A bug here.",
    503: "Supabase does not answer, or a variable is missing; Retry-After says when to try again.",
}
_RETRY_AFTER = {"description": "Seconds.", "required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
_WWW_AUTHENTICATE = {"description": "Bearer.", "required": True, "schema": {"type": "string"}}


class Problem(BaseModel):
    """What went wrong. details: {"field", "rule"} of each broken rule, or the variables that are missing."""

    code: str
    message: str
    details: Any = None


class Error(BaseModel):
    """The body of every error."""

    error: Problem


def error_replies(act: Action, who: str, *, has_input: bool, reads_query: bool) -> dict[str, Any]:
    """Return the replies by status, except those under which the operation itself replies."""
    statuses = {422, 500, 503, *act.errors}
    if who != "anyone":
        statuses.add(401)
    if who in ("admin", "viewer"):
        statuses.add(403)
    if has_input and not reads_query:
        statuses |= {400, 413, 415}
    replies = {str(status): _reply(status) for status in sorted(statuses)}
    return {status: reply for status, reply in replies.items() if int(status) not in act.statuses}


def _reply(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    reply: dict[str, Any] = {"description": _WORDS[status], "content": content}
    if status in (429, 503):
        reply["headers"] = {"Retry-After": _RETRY_AFTER}
    if status == 401:
        reply["headers"] = {"WWW-Authenticate": _WWW_AUTHENTICATE}
    return reply
