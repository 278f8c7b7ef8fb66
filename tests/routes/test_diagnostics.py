"""GET /api/admin/queue/diagnostics: the doctor over HTTP, with what only functions see: Storage, their migrations."""

from typing import Any

import httpx
import psycopg
import pytest
import respx

from lib.database.migrations import MIGRATIONS
from lib.database.storage import Storage
from lib.services.admin.queue.findings import bucket_findings, migration_findings
from tests.conftest import Connect

URL = "/api/admin/queue/diagnostics"
STORAGE = "https://project.supabase.test"


@pytest.fixture
def doctor(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


async def ask(doctor: httpx.AsyncClient) -> dict[str, Any]:
    """Return the reply."""
    reply = await doctor.get(URL)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_a_fresh_project_has_no_finding(doctor: httpx.AsyncClient) -> None:
    """And the figures that were there before are in diagnostics."""
    reply = await ask(doctor)
    assert (reply["findings"], reply["counts"]) == ([], {"critical": 0, "high": 0, "medium": 0, "low": 0})
    assert reply["checked"] > 500
    assert reply["diagnostics"]["tables"]["background_jobs"]["liveRows"] == 0
    assert {each["name"] for each in reply["diagnostics"]["schedules"]} >= {"recompute-rankings"}


async def test_findings_come_the_worst_first_whoever_found_them(
    doctor: httpx.AsyncClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the database, of Storage, and of the code's own migrations."""
    admin = connect("admin")
    admin.execute("create index mine on public.post_ratings (post_id)")
    admin.execute("drop table public.post_rankings")
    admin.execute("update storage.buckets set public = false where id = 'post-images'")
    monkeypatch.setitem(MIGRATIONS, "one_of_tomorrow", "000000000000")
    monkeypatch.setenv("IMAGE_BUCKET", "uploads")
    reply = await ask(doctor)
    assert [(each["severity"], each["code"], each["subject"]) for each in reply["findings"]] == [
        ("critical", "bucket_missing", "bucket uploads"),
        ("critical", "table_missing", "public.post_rankings"),
        ("high", "bucket_private", "bucket post-images"),
        ("high", "migrations_behind", "migrations"),
        ("low", "index_redundant", "public.mine"),
    ]
    assert reply["counts"] == {"critical": 2, "high": 2, "medium": 0, "low": 1}
    admin.execute(next(each["mend"] for each in reply["findings"] if each["code"] == "bucket_private").encode())
    assert "bucket_private" not in {each["code"] for each in (await ask(doctor))["findings"]}


async def test_a_database_of_before_says_that_it_is_behind(doctor: httpx.AsyncClient, connect: Connect) -> None:
    """Its queue_diagnostics knows neither findings nor migrations."""
    db: psycopg.Connection[Any] = connect()
    db.execute("alter function public.queue_diagnostics rename to newer")
    db.execute(
        """create function public.queue_diagnostics() returns jsonb language sql as
        $$ select public.newer() - 'findings' - 'checked' - 'migrations' $$"""
    )
    (finding,) = (await ask(doctor))["findings"]
    assert finding["code"] == "migrations_behind"
    assert "more" in finding["message"]


def test_migrations_are_compared_by_what_they_say() -> None:
    """Behind, changed, and code that is older than its database."""
    ours = {"a": "1", "b": "2"}
    assert migration_findings(ours, ours) == []
    found = {
        applied: [each.code for each in migration_findings(ours, dict(applied))]
        for applied in [
            (("a", "1"),),
            (("a", "1"), ("b", "9")),
            (("a", "1"), ("b", "2"), ("c", "3")),
        ]
    }
    assert list(found.values()) == [["migrations_behind"], ["migrations_changed"], ["code_behind"]]


ERROR = b'{"statusCode": "500", "error": "x", "message": "no"}'


@pytest.mark.parametrize(
    ("status", "body"), [(401, ERROR), (500, ERROR), (503, ERROR), (200, b"null"), (200, b"<p>"), (200, b'{"a": 1}')]
)
@respx.mock
async def test_storage_that_does_not_answer_is_a_finding(status: int, body: bytes) -> None:
    """The rest of the report still comes."""
    respx.get(url__startswith=STORAGE).respond(status, content=body, headers={"content-type": "application/json"})
    (finding,) = await bucket_findings(Storage(STORAGE, "key", lambda: 3.0), "post-images")
    assert finding.code == "storage_unreachable"
