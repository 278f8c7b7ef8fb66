"""Replies: JSON bodies, and what each error of lib.errors is in HTTP."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from lib import errors

# How soon to try again what could not be served.
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
    if status == 503:
        headers = {"Retry-After": str(RETRY_AFTER_S)} | (headers or {})
    return JSONResponse({"error": body}, status, headers)


def reply_to(error: Exception) -> JSONResponse | None:  # noqa: C901, PLR0911, PLR0912 - one case, one reply
    """The reply for an expected error, None for an unexpected one."""
    match error:
        case HTTPException():
            return error_reply(error.status_code, error.detail, headers=dict(error.headers or {}))
        case errors.InvalidInput():
            return _invalid((errors.BrokenRule(error.field, error.rule), *error.others))
        case errors.Conflict():
            return error_reply(409, str(error))
        case errors.NotFound():
            return error_reply(404, str(error))
        case errors.TooMany():
            return error_reply(429, str(error), headers={"Retry-After": str(error.seconds)})
        case errors.NotAuthenticated():
            return error_reply(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        case errors.NotAllowed():
            return error_reply(403, str(error))
        case errors.Misconfigured():
            return error_reply(503, "the server is not configured", {"variables": list(error.variables)})
        case errors.NotStarted():
            return error_reply(503, str(error))
        case errors.DatabaseUnavailable() | errors.DatabaseTimeout():
            return error_reply(503, "Supabase does not answer")
        case errors.DatabaseRejected():
            return error_reply(503, "Supabase refused the call")
        case errors.UnreadableAnswer():
            return error_reply(503, "Supabase gave an answer that is not understood")
        case _:
            return None


def _invalid(broken: tuple[errors.BrokenRule, ...]) -> JSONResponse:
    told = [{"field": each.field, "rule": each.rule} for each in broken[:MAX_DETAILS]]
    return error_reply(422, f"{broken[0].field}: {broken[0].rule}", told)
