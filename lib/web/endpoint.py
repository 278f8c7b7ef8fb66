"""The endpoint factory: an api file is one sentence made of actions.

    app = endpoint(anyone, get=action(RatingsQuery, read_ratings), cors=True)

For each request: authenticate, read the input, call the service, reply. Errors become JSON bodies here.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lib.caller import Caller
from lib.errors import Misconfigured
from lib.logs import configure_logs, log_event
from lib.resources import Resources
from lib.web.auth import Authenticate
from lib.web.deadline import deadline_in_s
from lib.web.lifespan import current_resources, lifespan
from lib.web.middleware import ReplyHeaders
from lib.web.origin import client_address, session_header
from lib.web.replies import error_reply, reply_to
from lib.web.requests import MAX_BODY_BYTES, bearer_token, read_body, read_query
from lib.web.traces import Traces

type Service[M] = Callable[[M, Resources, Caller], Awaitable[BaseModel | str]]


@dataclass(frozen=True, slots=True)
class Action:
    """What a method does: let the caller in (the endpoint does, unless said), read the input, call the service, reply
    under a status. What else is here only describes it: dev/openapi reads it."""

    reads: type[BaseModel] | Callable[[Any], Any]
    read: Callable[[Request], Awaitable[Any]]
    service: Service[Any]
    status: Callable[[Any], int]
    statuses: tuple[int, ...]
    errors: tuple[int, ...]
    authenticate: Authenticate | None = None
    is_safe: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an application was made of: `app.state.endpoint`."""

    authenticate: Authenticate
    actions: dict[str, Action]


def action[M](
    reads: type[M] | Callable[[Any], M],
    service: Service[M],
    *,
    status: Callable[[Any], int] | int = 200,
    statuses: tuple[int, ...] = (),
    errors: tuple[int, ...] = (),
    authenticate: Authenticate | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    is_safe: bool = True,
) -> Action:
    """Read the input, call `service`, and reply with what it returns (a model as JSON, text as text) under `status`.

    reads: a model, taken from the query of a GET and from the body else (a model without fields takes nothing);
        or a function that makes the input of a JSON body.
    status: one for all replies, or a function of the reply; `statuses` are those that it may return.
    errors: statuses that the service's own errors become, for the description of the API: 404, 409, 429.
    authenticate: where a method lets in others than the endpoint's other methods do.
    max_body_bytes: where a method takes more than a form; Vercel itself takes at most 4.5 MB.
    is_safe: False for a GET that changes something: it is not answered to HEAD, which checkers of links send.
    """

    async def read(request: Request) -> Any:
        if isinstance(reads, type) and issubclass(reads, BaseModel):
            if request.method in ("GET", "HEAD") or not reads.model_fields:
                return read_query(request, reads)
            return await read_body(request, reads.model_validate, max_body_bytes)
        return await read_body(request, cast("Callable[[Any], Any]", reads), max_body_bytes)

    fixed = status if isinstance(status, int) else None
    return Action(
        reads=cast("type[BaseModel] | Callable[[Any], Any]", reads),
        read=read,
        service=service,
        status=(lambda _: fixed) if fixed is not None else cast("Callable[[Any], int]", status),
        statuses=statuses or (fixed or 200,),
        errors=errors,
        authenticate=authenticate,
        is_safe=is_safe,
    )


def endpoint(
    authenticate: Authenticate,
    *,
    get: Action | None = None,
    post: Action | None = None,
    put: Action | None = None,
    cors: bool = False,
) -> Starlette:
    """The ASGI application of one api file. `cors` lets the origins of ALLOWED_ORIGINS call it from a browser."""
    configure_logs()
    actions = {name: act for name, act in (("GET", get), ("POST", post), ("PUT", put)) if act is not None}

    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _serve(request, actions[method], actions[method].authenticate or authenticate)

    middleware = [Middleware(Traces), Middleware(ReplyHeaders)]
    if cors:
        middleware.append(_cors(sorted(actions)))
    route = Route("/{path:path}", serve, methods=list(actions))
    if get is not None and not get.is_safe and route.methods is not None:
        route.methods.discard("HEAD")
    app = Starlette(
        routes=[route],
        middleware=middleware,
        exception_handlers={405: _reply_to_http_error, 404: _reply_to_http_error},
        lifespan=lifespan,
    )
    app.state.endpoint = Endpoint(authenticate, actions)
    return app


async def _serve(request: Request, act: Action, authenticate: Authenticate) -> Response:
    try:
        seconds = deadline_in_s()
        resources = current_resources()
        caller = replace(
            await authenticate(bearer_token(request), resources),
            session_id=session_header(request),
            address=client_address(request),
            deadline_in_s=seconds,
        )
        given = await act.read(request)
        reply = await act.service(given, resources, caller)
    except Exception as error:  # noqa: BLE001 - the last resort of a request: nothing inside is shown
        return _reply_to_error(error)
    if isinstance(reply, str):
        return PlainTextResponse(reply, act.status(reply))
    return Response(reply.model_dump_json(by_alias=True), act.status(reply), media_type="application/json")


def _reply_to_error(error: Exception) -> Response:
    reply = reply_to(error)
    if reply is None:
        log_event("request.failed", level=logging.ERROR, error=error, reason=type(error).__name__)
        return error_reply(500, "something went wrong here")
    if reply.status_code >= 500:
        variables = list(error.variables) if isinstance(error, Misconfigured) else None
        log_event("request.unavailable", level=logging.ERROR, reason=str(error), variables=variables)
    return reply


async def _reply_to_http_error(_request: Request, error: Exception) -> Response:
    return _reply_to_error(error)


def _cors(methods: list[str]) -> Middleware:
    """Answer browsers of the allowed origins. Read without Settings: preflights must not fail for other variables."""
    origins = [origin.strip() for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip()]
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=methods,
        allow_headers=["authorization", "content-type", "x-request-id", "x-session-id"],
        expose_headers=["x-request-id", "retry-after"],
        max_age=600,
    )
