"""Replies: JSON bodies, and what each error of lib.errors is in HTTP."""

from http import HTTPStatus

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from lib import errors
from lib.model import field_of

RETRY_AFTER_S = 5
# Of a body that breaks thousands of rules the first ones are told.
MAX_DETAILS = 20

_CODES = {
    400: "malformed",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}


def error_reply(
    status: int, message: str, details: object = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """{"error": {"code", "message", "details"?}}."""
    body: dict[str, object] = {"code": _CODES.get(status, HTTPStatus(status).phrase.lower()), "message": message}
    if details is not None:
        body["details"] = details
    return JSONResponse({"error": body}, status, headers)


def reply_to(error: Exception) -> JSONResponse | None:  # noqa: PLR0911 - one case, one reply
    """The reply for an expected error, None for an unexpected one."""
    match error:
        case HTTPException():
            return error_reply(error.status_code, error.detail, headers=dict(error.headers or {}))
        case errors.InvalidInput():
            return _invalid(((error.field, error.rule), *error.others))
        case errors.Conflict():
            return error_reply(409, str(error))
        case errors.NotFound():
            return error_reply(404, str(error))
        case errors.NotAuthenticated():
            return error_reply(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        case errors.NotAllowed():
            return error_reply(403, str(error))
        case errors.Misconfigured():
            return error_reply(503, "the server is not configured", {"variables": list(error.variables)})
        case errors.DatabaseUnavailable() | errors.DatabaseTimeout():
            return error_reply(503, "Supabase does not answer", headers={"Retry-After": str(RETRY_AFTER_S)})
        case errors.DatabaseRejected():
            return error_reply(503, "Supabase refused the call")
        case _:
            return None


def invalid_fields(error: ValidationError) -> errors.InvalidInput:
    """The first fields of a pydantic error and the rules they break, without the values."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_DETAILS]
    told = [(field_of(problem["loc"]) or "body", problem["msg"]) for problem in problems]
    return errors.InvalidInput(*told[0], others=tuple(told[1:]))


def _invalid(problems: tuple[tuple[str, str], ...]) -> JSONResponse:
    field, rule = problems[0]
    return error_reply(422, f"{field}: {rule}", [{"field": each, "rule": broken} for each, broken in problems])
