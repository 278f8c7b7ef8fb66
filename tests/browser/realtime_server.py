"""A stand-in for Supabase Realtime: private broadcast channels, told by tests/likes/realtime.sql.

It speaks version 2 of the Phoenix protocol, [join_ref, ref, topic, event, payload], as @supabase/realtime-js does. Who
may join is asked of the row level security of realtime.messages, as the hosted service asks: as anon, for the topic.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PREFIX = "realtime:"


@dataclass
class Realtime:
    """Who is connected, to what. `is_down`: every connection is cut and no new one let in."""

    admin_url: str
    url: str = ""
    channels: dict[ServerConnection, dict[str, str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    is_down: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def topics(self) -> list[str]:
        """The channels that somebody listens to."""
        return [topic for joined in list(self.channels.values()) for topic in joined]

    def go_down(self) -> None:
        """Cut everybody off."""
        self.is_down = True
        for connection in list(self.channels):
            connection.close_socket()

    def serve_one(self, connection: ServerConnection) -> None:
        """Talk to one client until it goes."""
        if self.is_down:
            return
        self.channels[connection] = {}
        try:
            for message in connection:
                self._answer(connection, *json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            del self.channels[connection]

    def _answer(self, connection: ServerConnection, join_ref: str, ref: str, topic: str, event: str, _: Any) -> None:
        status = "ok"
        response: dict[str, Any] = {}
        if event == "phx_join":
            if self._may_join(topic.removeprefix(PREFIX)):
                self.channels[connection][topic] = join_ref
                response = {"postgres_changes": []}
            else:
                status, response = "error", {"reason": "Unauthorized"}
        elif event == "phx_leave":
            self.channels[connection].pop(topic, None)
            self.left.append(topic)
        connection.send(json.dumps([join_ref, ref, topic, "phx_reply", {"status": status, "response": response}]))

    def _may_join(self, topic: str) -> bool:
        with psycopg.connect(self.admin_url) as db:
            db.execute("insert into realtime.messages (topic, extension) values (%s, 'broadcast')", [topic])
            db.execute("select set_config('realtime.topic', %s, true)", [topic])
            db.execute("set local role anon")
            found = db.execute("select from realtime.messages").rowcount
            db.rollback()
        return found > 0

    def pass_on(self) -> None:
        """Send what the database tells to those who listen."""
        with psycopg.connect(self.admin_url, autocommit=True) as db:
            db.execute("listen realtime")
            while not self.stopping.is_set():
                for notice in db.notifies(timeout=0.05):
                    self._broadcast(json.loads(notice.payload))

    def _broadcast(self, message: dict[str, Any]) -> None:
        topic = PREFIX + message["topic"]
        payload = {"type": "broadcast", "event": message["event"], "payload": message["payload"]}
        for connection, joined in list(self.channels.items()):
            if topic in joined:
                with contextlib.suppress(ConnectionClosed):
                    connection.send(json.dumps([joined[topic], None, topic, "broadcast", payload]))


@contextlib.contextmanager
def realtime(admin_url: str) -> Iterator[Realtime]:
    """Serve for the length of the block."""
    service = Realtime(admin_url)
    with serve(service.serve_one, "127.0.0.1", 0) as server:
        service.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        threads = [threading.Thread(target=target, daemon=True) for target in (server.serve_forever, service.pass_on)]
        for thread in threads:
            thread.start()
        try:
            yield service
        finally:
            service.go_down()
            service.stopping.set()
            server.shutdown()
            for thread in threads:
                thread.join(10)
