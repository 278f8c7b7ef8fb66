"""What a host's name resolves to, without a name that never does holding back anything else.

The system's look-up cannot be stopped, and a stranger's name server may leave it without an answer for half a minute.
In the event loop's own threads a few of those would keep Supabase's name from being looked up too.
"""

import asyncio
import socket
from concurrent.futures import Future
from ipaddress import ip_address
from queue import SimpleQueue
from threading import Thread
from typing import Any

from lib.outside.addresses import Address


class LookUps:
    """A few threads that look names up, for one use: what hangs in them delays that use only."""

    def __init__(self, name: str, threads: int = 4) -> None:
        self._name = name
        self._to_start = threads
        self._waiting: SimpleQueue[tuple[Future[list[Any]], str, int]] = SimpleQueue()

    async def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, best first. Raises OSError if there are none. Cancelled while it waits for a
        thread, it never starts.

        Numbers that only the C library takes for an address (0x7f.1, 2130706433) resolve as it says: what is checked
        is what is called.
        """
        future: Future[list[Any]] = Future()
        self._waiting.put((future, host, port))
        if self._to_start:
            self._to_start -= 1
            # A daemon, unlike the threads of an executor: the process does not wait for it at its end.
            Thread(target=self._work, name=self._name, daemon=True).start()
        found = await asyncio.wrap_future(future)
        # An IPv6 address may have a zone (fe80::1%eth0): it is checked without, and never public.
        return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))

    def _work(self) -> None:
        while True:
            future, host, port = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                future.set_exception(error)
            else:
                future.set_result(found)
