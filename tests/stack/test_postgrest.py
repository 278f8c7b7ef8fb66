"""The local API answers as PostgREST does: the regression test of `dev/node`.

The expectations are PostgREST's documented behaviour. A failure after an update of @supabase/lite
means that `dev/node/lite.mjs` or `rpc.mjs` must be adapted, not these tests.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.supabase.address import Address
from dev.supabase.stack import temporary

FIXTURE = Path(__file__).with_name("postgrest_project")
UUID = "6f1f9a0e-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def probed() -> Iterator[Address]:
    """A stack of its own, with the fixture's schema."""
    with temporary(FIXTURE) as stack:
        yield stack.address


@pytest.fixture(scope="module")
def service(probed: Address) -> Iterator[httpx.Client]:
    """A client with the secret key."""
    with httpx.Client(base_url=f"{probed.api_url()}/rest/v1", headers=keys(probed.secret_key)) as c:
        yield c


@pytest.fixture(scope="module")
def anon(probed: Address) -> Iterator[httpx.Client]:
    """A client with the publishable key."""
    url, headers = f"{probed.api_url()}/rest/v1", keys(probed.publishable_key)
    with httpx.Client(base_url=url, headers=headers) as client:
        yield client


def keys(key: str) -> dict[str, str]:
    """Return the headers that supabase-py sends."""
    return {"apikey": key, "Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("returns_row", {}, {"id": 1, "name": "a", "mood": "ok", "meta": {"x": 1}}),
        ("returns_no_row", {}, {"id": None, "name": None, "mood": None, "meta": None}),
        ("returns_null", {}, None),
        ("returns_text", {}, 'hi "x"'),
        ("returns_boolean", {}, True),
        ("returns_bigint", {}, 9007199254740993),
        ("returns_numeric", {}, 1.1),
        ("returns_enum", {}, "happy"),
        ("returns_time", {}, "2026-01-02T03:04:05.678901+00:00"),
        ("returns_table", {"n": 2}, [{"a": 1, "b": "x1"}, {"a": 2, "b": "x2"}]),
        ("returns_table", {"n": 0}, []),
        ("returns_numbers", {"n": 3}, [1, 2, 3]),
        ("returns_out", {"a": 1}, {"b": 2, "c": "c"}),
        ("takes_default", {}, 14),
        ("takes_default", {"n": 3}, 6),
        ("takes_jsonb", {"p": {"k": [1, None, "é"]}}, {"got": {"k": [1, None, "é"]}}),
        ("takes_jsonb", {"p": "text"}, {"got": "text"}),
        (
            "takes_arrays",
            {"ids": [1, 2], "tags": ["a", 'b,c"d']},
            {"ids": [1, 2], "tags": ["a", 'b,c"d']},
        ),
        ("takes_arrays", {"ids": [], "tags": []}, {"ids": [], "tags": []}),
        ("takes_enum", {"m": "sad"}, "sad!"),
        ("takes_bytes", {"b": "\\x0102"}, 2),
        (
            "takes_uuid",
            {"u": UUID, "t": "2026-01-01T00:00:00Z"},
            {"u": UUID, "t": "2026-01-01T00:00:00+00:00"},
        ),
        ("overloaded", {"a": 1}, "one"),
        ("overloaded", {"a": 1, "b": 2}, "two"),
        ("shows_isolation", {}, "serializable"),
    ],
)
def test_a_function_returns_json(
    service: httpx.Client, function: str, arguments: dict[str, Any], expected: object
) -> None:
    """Arguments and results cross HTTP as PostgREST maps them."""
    reply = service.post(f"/rpc/{function}", json=arguments)
    assert (reply.status_code, reply.json()) == (200, expected)


def test_a_function_without_result_answers_204(service: httpx.Client) -> None:
    """supabase-py takes an empty body for no data."""
    reply = service.post("/rpc/returns_nothing", json={})
    assert (reply.status_code, reply.content) == (204, b"")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("08006", 503), ("0A000", 400), ("21000", 500), ("22023", 400), ("2201X", 400),
        ("23502", 400), ("23503", 409), ("23505", 409), ("23514", 400), ("25006", 405),
        ("28000", 403), ("40001", 500), ("40P01", 500), ("42501", 403), ("53300", 503),
        ("53400", 500), ("54000", 500), ("55P03", 500), ("57014", 500), ("P0001", 400),
        ("P0002", 500), ("PT402", 402), ("PT409", 409), ("PT429", 429), ("QUEUE", 400),
        ("XX000", 500), ("ZZ123", 400),
    ],
)  # fmt: skip
def test_a_sqlstate_becomes_a_status(service: httpx.Client, code: str, status: int) -> None:
    """The body keeps what the function said; lib/database/problems.py reads the code from it."""
    reply = service.post("/rpc/fails", json={"code": code})
    body = {"code": code, "message": "boom", "details": "the detail", "hint": "the hint"}
    assert (reply.status_code, reply.json()) == (status, body)


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/rpc/fails_plainly", "{}", 400, "P0001"),
        ("/rpc/inserts_twice", "{}", 409, "23505"),
        ("/rpc/sleeps", "{}", 500, "57014"),
        ("/rpc/no_such", "{}", 404, "PGRST202"),
        ("/rpc/takes_default", '{"other": 1}', 404, "PGRST202"),
        ("/rpc/takes_default", '{"n": "abc"}', 400, "22P02"),
        ("/rpc/takes_enum", '{"m": "bad"}', 400, "22P02"),
        ("/rpc/takes_default", "{bad", 400, "PGRST102"),
        ("/items", '{"name": "a"}', 409, "23505"),
        ("/no_such", "{}", 404, "PGRST205"),
    ],
)
def test_a_bad_call_is_told_apart(service: httpx.Client, path: str, content: str, status: int, code: str) -> None:
    """Each mistake has the status and the code by which a client can react to it."""
    headers = {"Content-Type": "application/json"}
    reply = service.post(path, content=content, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_a_function_chooses_its_status_and_headers(service: httpx.Client) -> None:
    """By response.status and response.headers."""
    reply = service.post("/rpc/chooses_status", json={})
    assert (reply.status_code, reply.json()) == (429, {"a": 1})
    assert reply.headers["retry-after"] == "7"


def test_listings_are_cut_at_max_rows(service: httpx.Client) -> None:
    """So counting rows by fetching them is wrong; the count in the header is right."""
    exact = {"Prefer": "count=exact"}
    assert len(service.post("/rpc/returns_numbers", json={"n": 2500}).json()) == 1000
    assert len(service.get("/many?select=id").json()) == 1000
    assert len(service.get("/many?select=id&limit=5000").json()) == 1000
    counted = service.head("/many?select=id", headers=exact)
    assert (counted.status_code, counted.headers["content-range"]) == (206, "0-999/2500")


def test_one_object_is_asked_for_by_its_media_type(service: httpx.Client) -> None:
    """supabase-py's single() and maybe_single() build on this."""
    single = {"Accept": "application/vnd.pgrst.object+json"}
    none = service.post("/rpc/returns_table", json={"n": 0}, headers=single)
    one = service.post("/rpc/returns_table", json={"n": 1}, headers=single)
    two = service.get("/items?select=id&limit=2", headers=single)
    assert (none.status_code, none.json()["code"]) == (406, "PGRST116")
    assert (one.status_code, one.json()) == (200, {"a": 1, "b": "x1"})
    assert (two.status_code, two.json()["code"]) == (406, "PGRST116")


def test_a_function_can_be_read_with_get(service: httpx.Client) -> None:
    """In a read-only transaction, so a writing one is refused."""
    assert service.get("/rpc/takes_default?n=4").json() == 8
    assert service.get("/rpc/inserts_twice").status_code == 405


def test_rows_can_be_written(service: httpx.Client) -> None:
    """Insert, upsert, update and delete through the table endpoints."""
    back = {"Prefer": "return=representation"}
    silent = {"Prefer": "return=minimal"}
    ignore = {"Prefer": "resolution=ignore-duplicates,return=representation"}
    new, known = {"name": "n1", "meta": {"q": 1}}, {"name": "n2"}
    inserted = service.post("/items", json=new, headers=back)
    quiet = service.post("/items", json=known, headers=silent)
    upserted = service.post("/items?on_conflict=name", json=[known, {"name": "n3"}], headers=ignore)
    patched = service.patch("/items?name=eq.n2", json={"mood": "sad"}, headers=back)
    deleted = service.delete("/items?name=in.(n1,n2,n3)", headers=back)
    assert (inserted.status_code, inserted.json()[0]["meta"]) == (201, {"q": 1})
    assert (quiet.status_code, quiet.content) == (201, b"")
    assert (upserted.status_code, [row["name"] for row in upserted.json()]) == (201, ["n3"])
    assert (patched.status_code, patched.json()[0]["mood"]) == (200, "sad")
    assert sorted(row["name"] for row in deleted.json()) == ["n1", "n2", "n3"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rpc/for_service_role"),
        ("POST", "/items"),
        ("DELETE", "/items?id=eq.1"),
        ("GET", "/hidden"),
    ],
)
def test_anon_is_refused_with_401(anon: httpx.Client, method: str, path: str) -> None:
    """Also after the service role has called the same function over the same connections."""
    reply = anon.request(method, path, json={"name": "x"} if path == "/items" else {})
    assert (reply.status_code, reply.json()["code"]) == (401, "42501")


def test_privileges_are_checked_at_every_call(anon: httpx.Client, service: httpx.Client) -> None:
    """A prepared plan of an inlined function would skip the check for the second role."""
    for _ in range(8):
        assert service.post("/rpc/for_service_role", json={}).json() == 42
        assert anon.post("/rpc/for_service_role", json={}).status_code == 401


def test_anon_reads_what_a_policy_shows(anon: httpx.Client) -> None:
    """Row level security lets it see items."""
    assert [row["name"] for row in anon.get("/items?order=id&limit=2").json()] == ["a", "b"]


def test_schemas_are_chosen_by_profile(anon: httpx.Client, service: httpx.Client) -> None:
    """Only exposed schemas, and with the privileges of the role."""
    profile = {"Content-Profile": "queue"}
    call = {"json": {"p": {"u": "x"}}, "headers": profile}
    done = service.post("/rpc/enqueue", **call)  # type: ignore[arg-type]
    refused = anon.post("/rpc/enqueue", **call)  # type: ignore[arg-type]
    unknown = service.get("/users", headers={"Accept-Profile": "auth"})
    assert (done.status_code, done.json()["payload"]) == (200, {"u": "x"})
    assert (refused.status_code, refused.json()["code"]) == (401, "42501")
    assert (unknown.status_code, unknown.json()["code"]) == (406, "PGRST106")


def test_a_function_sees_the_request(anon: httpx.Client, service: httpx.Client) -> None:
    """Roles, claims, settings and limits as PostgREST sets them in each transaction."""
    headers = {"User-Agent": "probe"}
    seen = service.post("/rpc/shows_request", json={}, headers=headers).json()
    by_anon = anon.post("/rpc/shows_request", json={}).json()
    assert seen == {
        "role": "service_role",
        "claims": {"role": "service_role"},
        "method": "POST",
        "path": "/rpc/shows_request",
        "agent": "probe",
        "isolation": "read committed",
        "read_only": "on",
        "statement_timeout": "8s",
        "search_path": '"public", "public", "extensions"',
        "uid": None,
    }
    assert (by_anon["role"], by_anon["statement_timeout"]) == ("anon", "3s")


def test_a_key_is_needed(probed: Address) -> None:
    """The hosted gateway's answers, before PostgREST is asked."""
    url = f"{probed.api_url()}/rest/v1/items"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers=keys("sb_secret_wrong")).json()["message"] == "Invalid API key"
