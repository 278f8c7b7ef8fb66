"""The rule of image_url in the database: whoever writes, in tables of ours and in adopted ones."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Clones
from tests.jobs.asking import Connect, Db, as_user
from tests.sql.adopting import existing_app, migrate

USER = "11111111-1111-4111-8111-111111111111"
RULE = "posts_new_image_url_is_a_url_or_a_path"
LONG = "https://images.example.com/" + "a" * (2048 - 27)
ALLOWED = [
    *(None, "", "https://images.example.com/a.jpg", "HTTP://localhost:8000/a?b=c:d", LONG),
    *("uploads/a.png", "/uploads/a b.png", "a.png", "uploads/ä:1.png", "uploads/..a.png"),
]
REFUSED = [
    *("javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)"),
    *("data:image/png;base64,AAAA", "ftp://a.example/a.jpg", "https://", "https:///a.jpg", "https:a.jpg"),
    *("//evil.example/a.jpg", "/\\evil.example", "\\evil", "a\\b", "../a.png", "a/../b", "a/..", "./a", "a//b", "a/"),
    *("https://images.example.com/a\n.jpg", LONG + "a", "x" * 65536),
]


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


@pytest.mark.parametrize("image_url", ALLOWED)
def test_urls_and_paths_are_allowed(connect: Connect, image_url: str | None) -> None:
    """As a user, straight into the table."""
    as_user(connect, USER).execute(
        "insert into public.posts_new (user_id, image_url) values (%s, %s)", (USER, image_url)
    )


def test_all_else_is_refused_before_anything_is_enqueued(connect: Connect, db: Db) -> None:
    """By the constraint of this table: an error of background_jobs would show a row of it."""
    user = as_user(connect, USER)
    for image_url in REFUSED:
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            user.execute("insert into public.posts_new (user_id, image_url) values (%s, %s)", (USER, image_url))
        user.rollback()
        assert refused.value.diag.constraint_name == RULE
        assert "process_image" not in str(refused.value)
    assert db.execute("select from public.background_jobs").fetchall() == []


def test_old_rows_that_break_the_rule_are_shown_without_image(connect: Connect, db: Db) -> None:
    """An adopted table may have them; the page serves null, and all others as they are."""
    db.execute(f"alter table public.posts_new drop constraint {RULE}, disable trigger user".encode())
    db.execute("insert into public.posts_new (image_url) select unnest(%s::text[])", ([*REFUSED, *ALLOWED],))
    rows = connect("service_role").execute("select image_url from public.list_posts('new', 100)").fetchall()
    assert sorted(filter(None, (row[0] for row in rows))) == sorted(filter(None, ALLOWED))
    assert len(rows) == len(REFUSED) + len(ALLOWED)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "/\\evil", "https:///a", "/a b", "data:x"])
def test_a_notification_leads_to_http_or_a_path(connect: Connect, url: str) -> None:
    """Users read the table itself. Whoever writes: the service role too."""
    db = connect("service_role")
    add = "insert into public.notifications (user_id, title, body, url) values (gen_random_uuid(), 'a', 'b', %s)"
    for good in ("https://a.example/b", "/", "/posts/1?a=b", None):
        db.execute(add, (good,))
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(add, (url,))


def test_an_adopted_tables_old_rows_stay_writable(app: Db) -> None:
    """A constraint, not valid or not, would refuse every update of the old row, so of its likes."""
    app.execute("insert into public.posts_new (image_url) values ('data:image/png;base64,AAAA')")
    migrate(app)
    assert (
        app.execute(
            "update public.posts_new set likes = likes + 1, image_url = image_url where image_url like 'data:%'"
        ).rowcount
        == 1
    )
    for statement in (
        "insert into public.posts_new (image_url) values ('javascript:1')",
        "update public.posts_new set image_url = 'javascript:1' where image_url like 'data:%'",
    ):
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            app.execute(statement)
        assert refused.value.diag.constraint_name == RULE
    # Once the old row is mended, applying the set again makes it a constraint.
    app.execute("update public.posts_new set image_url = null where image_url like 'data:%'")
    migrate(app)
    found = app.execute("select convalidated from pg_constraint where conname = %s", (RULE,)).fetchall()
    assert found == [{"convalidated": True}]
    assert app.execute("select from pg_trigger where tgname like 'refuse_image_url%'").fetchall() == []
