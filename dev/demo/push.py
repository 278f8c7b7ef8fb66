"""Push: a notification reaches a browser, which is the only one that can read it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from dev.demo.browser import Browser, VapidKey
from dev.demo.scene import Scene
from dev.demo.user import User, enqueue

SUBJECT = "mailto:operator@example.com"


class PushService(ThreadingHTTPServer):
    """A push service on 127.0.0.1, and the one browser that it serves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vapid = VapidKey()
        self.origin = f"127.0.0.1:{self.server_address[1]}"
        self.browser = Browser(f"http://{self.origin}/push/1", self.vapid.public)
        self.arrived: list[tuple[dict[str, str], bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What the functions must be told to push through it. The exemption of PUSH_HOSTS is for places like this."""
        return {"VAPID_PRIVATE_KEY": self.vapid.private, "VAPID_SUBJECT": SUBJECT, "PUSH_HOSTS": self.origin}


class _Handler(BaseHTTPRequestHandler):
    """Takes every push (RFC 8030, section 5)."""

    server: PushService

    def do_POST(self) -> None:
        """Keep a push."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.arrived.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(201)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class calls it so
        """Be silent."""


@contextmanager
def push_service() -> Iterator[PushService]:
    """Serve pushes meanwhile."""
    with PushService() as service:
        serving = threading.Thread(target=service.serve_forever, args=[0.05], daemon=True)
        serving.start()
        yield service
        service.shutdown()


def show_push(scene: Scene, user: User, service: PushService) -> None:
    """Let the user's browser subscribe, and tell the user something."""
    env = scene.stack.env()
    httpx.post(
        f"{env['SUPABASE_URL']}/rest/v1/push_subscriptions",
        headers={"apikey": env["SUPABASE_ANON_KEY"], "authorization": f"Bearer {user.token}"},
        json={"user_id": user.id, "endpoint": service.browser.endpoint, **service.browser.keys},
        timeout=20,
    ).raise_for_status()
    message = {"user_id": user.id, "title": "New likes", "body": "12 people liked your post", "url": "/posts/1"}
    enqueue(scene, "send_notification", message)
    scene.say("the user's browser subscribed to push, and a trusted service has something to tell")


def report_push(scene: Scene, user: User, service: PushService) -> None:
    """Decrypt what arrived, and look at the user's own list of notifications."""
    env = scene.stack.env()
    listed = httpx.get(
        f"{env['SUPABASE_URL']}/rest/v1/notifications?select=title,body,read_at",
        headers={"apikey": env["SUPABASE_ANON_KEY"], "authorization": f"Bearer {user.token}"},
        timeout=20,
    ).json()
    scene.check("the user has one notification, unread", [n["read_at"] for n in listed] == [None], _told(listed))
    read = [service.browser.read(headers, body) for headers, body in service.arrived]
    scene.check("one push arrived and its browser can read it", len(read) == 1, _told(read))


def _told(messages: list[dict[str, Any]]) -> str:
    """Say what they say."""
    return "; ".join(f"{each['title']}: {each['body']}" for each in messages) or "not one"
