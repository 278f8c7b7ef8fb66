"""The HTTP client for supabase's own libraries: Auth and Storage speak httpx.

A client for each operation: both are seldom asked, nothing is left open when the process ends, and a call that is given
up cannot spoil a pool. Only the TLS context, which takes long to make, is kept.
"""

import ssl
from functools import cache

import certifi
import httpx

from lib.database.time_limit import MAX_CALL_S


def library_client() -> httpx.AsyncClient:
    """Return a client; close it with `async with`."""
    return httpx.AsyncClient(timeout=MAX_CALL_S, verify=_tls())


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())
