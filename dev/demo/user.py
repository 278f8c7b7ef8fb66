"""Somebody who signed up, and uses the app as a browser does."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from dev.demo.scene import Scene


@dataclass(frozen=True, slots=True)
class User:
    """Their id, and the access token that Supabase Auth gave them."""

    id: str
    token: str


def sign_up(scene: Scene) -> User:
    """Sign up with Supabase Auth."""
    env = scene.stack.env()
    session = httpx.post(
        f"{env['SUPABASE_URL']}/auth/v1/signup",
        headers={"apikey": env["SUPABASE_ANON_KEY"]},
        json={"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_hex(12)},
        timeout=20,
    )
    answer = session.raise_for_status().json()
    return User(answer["user"]["id"], answer["access_token"])


def call(scene: Scene, method: str, path: str, token: str | None = None, **options: Any) -> Any:
    """Call one of the functions, and return the JSON that it answers."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = httpx.request(method, scene.functions.url + path, headers=headers, timeout=20, **options)
    return reply.raise_for_status().json()


def enqueue(scene: Scene, job_type: str, payload: dict[str, Any]) -> str:
    """Enqueue a job as a trusted service does, and return its id."""
    token = scene.functions.env["QUEUE_API_TOKEN"]
    answer = call(scene, "POST", "/api/queue/jobs", token, json={"jobType": job_type, "payload": payload})
    job_id: str = answer["job"]["id"]
    return job_id
