"""From where a request comes: the client's address and its session, as headers say.

Only headers that Vercel sets itself are believed: it drops what a client sends under these names (decision 29).
"""

from starlette.requests import Request

# The first is Vercel's alone; proxies of others in front of a function may write the second.
_ADDRESS_HEADERS = ("x-vercel-forwarded-for", "x-real-ip")


def client_address(request: Request) -> str | None:
    """The client's address, None where the platform does not say.

    Of a list, which proxies of the platform make, it is the last one: the others came with the request.
    """
    for name in _ADDRESS_HEADERS:
        if address := request.headers.get(name, "").rpartition(",")[2].strip():
            return address
    return None


def session_header(request: Request) -> str | None:
    """The session id of `x-session-id`, None without one.

    Headers carry bytes. These are read as UTF-8, so that an id is the same in a header and in a body. What is no UTF-8
    stays as headers show it, and is an id too.
    """
    given = request.headers.get("x-session-id")
    if not given:
        return None
    try:
        return given.encode("latin-1").decode()
    except UnicodeError:
        return given
