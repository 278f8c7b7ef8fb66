"""The edge: HTTP in, a service call, HTTP out. Knows Starlette and Vercel; knows no queue and no SQL."""

from lib.web.auth import admin, anyone, anyone_with_a_token, bearer, user, viewer
from lib.web.endpoint import action, endpoint

__all__ = ["action", "admin", "anyone", "anyone_with_a_token", "bearer", "endpoint", "user", "viewer"]
