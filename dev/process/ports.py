"""Ports of 127.0.0.1."""

import contextlib
import random
import socket

from dev.errors import StackError

# Below Linux's ephemeral range. A server that restarts takes its port again, so the port must not
# go to an outgoing connection meanwhile.
PORTS = range(20_000, 32_768)


def listen(given: int | None = None, variable: str = "") -> socket.socket:
    """Return a socket that listens on the given port, or on any free one.

    Raises StackError, which names the environment `variable` that chooses another port.
    """
    for port in random.sample(PORTS, 1000) if given is None else [given]:
        with contextlib.suppress(OSError):
            listener = socket.create_server(("127.0.0.1", port), backlog=512)
            # The sockets that it accepts inherit this. asyncio sets it only on sockets that it made itself,
            # and without it each reply takes 40 ms longer.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
    if given is None:
        raise StackError("no port of 127.0.0.1 is free")
    raise StackError(f"port {given} of 127.0.0.1 is taken: change or unset {variable}")


def free(given: int | None = None, variable: str = "") -> int:
    """Return the given port if it is free, or any free one. Raises StackError as `listen` does."""
    with listen(given, variable) as probe:
        port: int = probe.getsockname()[1]
        return port
