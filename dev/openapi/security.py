"""Who may call, as OpenAPI says it: by the names of the authenticators of lib.web.auth."""

from typing import Any


def _bearer(text: str) -> dict[str, Any]:
    return {"type": "http", "scheme": "bearer", "description": text}


SCHEMES: dict[str, dict[str, Any]] = {
    "cronSecret": _bearer("CRON_SECRET, as Vercel Cron sends it."),
    "queueToken": _bearer("QUEUE_API_TOKEN, for trusted services."),
    "viewerToken": _bearer("VIEWER_API_TOKEN."),
    "viewerUser": _bearer("The access token of a Supabase user whose app_metadata.role is viewer."),
    "adminToken": _bearer("ADMIN_API_TOKEN."),
    "adminUser": _bearer("The access token of a Supabase user whose app_metadata.role is admin."),
    "userToken": _bearer("The access token of a Supabase user."),
}

# Any one of them is enough; {} means without a credential.
_BY_AUTHENTICATOR: dict[str, list[str | None]] = {
    "anyone": [None],
    "anyone_with_a_token": [None, "userToken"],
    "user": ["userToken"],
    "cron_secret": ["cronSecret"],
    "queue_api_token": ["queueToken"],
    "admin": ["adminToken", "adminUser"],
    "viewer": ["adminToken", "adminUser", "viewerToken", "viewerUser"],
}


def security_of(authenticator: str) -> list[dict[str, list[str]]]:
    """Return the ways in, of which one is enough."""
    return [{} if scheme is None else {scheme: []} for scheme in _BY_AUTHENTICATOR[authenticator]]


def session_header(authenticator: str) -> list[dict[str, Any]]:
    """The header that takes the place of sessionId, where a session may be one."""
    if authenticator != "anyone_with_a_token":
        return []
    return [
        {
            "name": "x-session-id",
            "in": "header",
            "required": False,
            "description": "The session, instead of sessionId; when both are sent they must agree.",
            "schema": {"type": "string", "maxLength": 128},
        }
    ]
