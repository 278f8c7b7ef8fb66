"""The reference of the HTTP benchmarks: Starlette and httpx with nothing around them, for the same click."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

KEY = os.environ["SUPABASE_SERVICE_ROLE_KEY"]
client = httpx.AsyncClient(
    base_url=os.environ["SUPABASE_URL"], headers={"apikey": KEY, "authorization": f"Bearer {KEY}"}
)


async def look(_request: Request) -> JSONResponse:
    """Answer without asking anybody, for the cold start."""
    return JSONResponse({"ok": True})


async def click(request: Request) -> JSONResponse:
    """Toggle a like."""
    wanted = await request.json()
    arguments = {"post_id": wanted["postId"], "session_id": wanted["sessionId"]}
    reply = await client.post("/rest/v1/rpc/toggle_like", json=arguments)
    reply.raise_for_status()
    return JSONResponse({"postId": wanted["postId"], **reply.json()[0]})


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Close the connections at the end."""
    yield
    await client.aclose()


app = Starlette(
    routes=[Route("/{path:path}", look, methods=["GET"]), Route("/{path:path}", click, methods=["POST"])],
    lifespan=lifespan,
)
