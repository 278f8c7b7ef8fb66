"""The running system as the tests of the dashboard use it."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import httpx
import psycopg
from playwright.sync_api import Page, expect
from psycopg.rows import dict_row

from dev.vercel import Functions

# As the migrations leave it. The users stay: Auth knows them. No truncate: the last test's page may still be reading.
EMPTY = """
delete from public.posts_new;
delete from public.background_jobs;
delete from public.job_history;
delete from public.worker_runs;
delete from queue_private.job_tallies;
delete from queue_private.job_tally_deltas;
delete from queue_private.paused_job_types;
update public.job_schedules set enabled = true, last_error = null;
"""


@dataclass(frozen=True)
class User:
    """Somebody with an account."""

    id: str
    email: str
    password: str


@dataclass(frozen=True)
class Site:
    """Where it is, its tokens, and a connection to look at rows as they are."""

    functions: Functions
    project: dict[str, str]
    tokens: dict[str, str]
    db: psycopg.Connection[dict[str, Any]]

    @classmethod
    @contextlib.contextmanager
    def open(cls, functions: Functions, project: dict[str, str], tokens: dict[str, str]) -> Iterator[Self]:
        """Connect to its database."""
        with psycopg.connect(project["DATABASE_URL"], autocommit=True, row_factory=dict_row) as db:
            yield cls(functions, project, tokens, db)

    def url(self, path: str = "") -> str:
        """The address of a screen."""
        return f"{self.functions.url}/admin/queue/{path}"

    def sign_in(self, page: Page, path: str = "", variable: str = "ADMIN_API_TOKEN") -> None:
        """Open a screen and sign in with a token."""
        page.goto(self.url(path))
        page.locator("input[name=token]").fill(self.tokens[variable])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Screens")).to_be_visible()

    def sign_up(self, role: str | None) -> User:
        """Make a user of Supabase Auth who has this role."""
        user = User("", f"{secrets.token_hex(6)}@example.com", secrets.token_hex(12))
        answer = httpx.post(
            f"{self.project['SUPABASE_URL']}/auth/v1/signup",
            headers={"apikey": self.project["SUPABASE_ANON_KEY"]},
            json={"email": user.email, "password": user.password},
            timeout=20,
        )
        user_id = answer.raise_for_status().json()["user"]["id"]
        with psycopg.connect(self.project["DATABASE_ADMIN_URL"], autocommit=True) as admin:
            admin.execute(
                """update auth.users set raw_app_meta_data =
                coalesce(raw_app_meta_data, '{}') || jsonb_build_object('role', %s::text) where id = %s""",
                (role, user_id),
            )
        return User(user_id, user.email, user.password)

    def one(self, query: str, *values: Any) -> Any:
        """The one value that a query gives."""
        row = self.db.execute(query.encode(), values).fetchone()
        assert row is not None
        return next(iter(row.values()))

    def dead_sync(self, error: str = "no such luck") -> tuple[str, str]:
        """A post, and a dead job that was to count its likes: redriven, it completes. Returns both ids."""
        post_id = self.one("insert into public.posts_new (caption) values ('x') returning id::text")
        job_id = self.one(
            """insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts,
              error_message, duration_ms, created_at, completed_at, attempt_log)
            values (queue_private.new_job_id(), 'sync_like_count', jsonb_build_object('post_id', %s::text), 'dead',
              5, 3, 3, %s, 5, now(), now(),
              queue_private.log_attempt(null, 'failed', %s, 'w-1', now() - interval '1 s', now()))
            returning job_id::text""",
            post_id,
            error,
            error,
        )
        return post_id, job_id

    def pending(self, number: int, job_type: str = "process_image", *, due_in_s: int = 3_600) -> None:
        """Insert pending jobs."""
        self.db.execute(
            """insert into public.background_jobs (job_type, payload, scheduled_for)
            select %s::public.job_type, '{}', now() + make_interval(secs => %s) from generate_series(1, %s)""",
            (job_type, due_in_s, number),
        )


def refresh(page: Page) -> None:
    """Have everything looked up again now, and not every five seconds."""
    if page.get_by_role("button", name="Refresh now").count() == 0:
        page.get_by_role("button", name="Pause live refresh").click()
    page.get_by_role("button", name="Refresh now").click()
