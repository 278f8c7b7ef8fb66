"""What anon and authenticated clients may do with the app's tables, through PostgREST or any other way. Ratings they
write directly only where post_ratings was adopted."""

from collections.abc import Callable
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import Connect
from tests.likes.posts import allow_direct_ratings, drain, likes, make_post, rate, ratings, sync_jobs, unrate
from tests.sql.calls import Db

ActAs = Callable[[str], Db]
CLIENTS = ["anon", "authenticated"]


@pytest.fixture
def act_as(connect: Connect) -> ActAs:
    """A factory of connections with a client's role."""
    return lambda role: connect(role, row_factory=dict_row)


@pytest.fixture
def adopted(db: Db) -> None:
    """Let clients rate directly, as in an adopted database."""
    allow_direct_ratings(db)


@pytest.mark.parametrize("role", CLIENTS)
def test_clients_have_nothing_to_do_with_ratings_that_we_keep(act_as: ActAs, post: UUID, role: str) -> None:
    """Anyone with the public key could read all session ids, delete all likes and queue syncs by the thousand."""
    for act in (rate, unrate, ratings):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            act(act_as(role), post)


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize("role", CLIENTS)
def test_clients_go_on_rating_directly(service: Db, act_as: ActAs, post: UUID, role: str) -> None:
    """Compatibility mode: the existing app inserts and deletes, and the trigger asks for a sync on its behalf."""
    client = act_as(role)
    rate(client, post)
    assert len(sync_jobs(service, post)) == 1
    drain(service)
    assert likes(client, post) == 1
    unrate(client, post)
    drain(service)
    assert likes(client, post) == 0


@pytest.mark.parametrize("role", CLIENTS)
@pytest.mark.parametrize(
    "statement",
    [
        "update public.posts_new set likes = 1000000",
        "update public.posts_new set caption = 'x', likes = 7",
        "insert into public.posts_new (caption, likes) values ('x', 7)",
        "update public.post_ratings set session_id = 'x'",
        "insert into public.comments (post_id) select id from public.posts_new",
        "update public.comments set body = 'x'",
        "delete from public.comments",
        "select * from queue_private.adopted_tables",
        "truncate public.post_ratings",
        "truncate public.posts_new cascade",
        "select * from public.background_jobs",
        "insert into public.background_jobs (job_type) values ('cleanup_expired')",
        "select * from queue_private.repaired_rows",
        "select public.set_like(gen_random_uuid(), 'session-of-someone', true)",
        "select public.sync_post_like_count(gen_random_uuid())",
        "select queue_private.ask_for_like_sync()",
    ],
)
def test_clients_are_refused(service: Db, act_as: ActAs, post: UUID, role: str, statement: LiteralString) -> None:
    """By privileges, before any policy is asked."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        act_as(role).execute(statement)
    assert likes(service, post) == 0


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize("length", [0, 129])
def test_a_session_id_of_a_strange_length_is_refused(act_as: ActAs, post: UUID, length: int) -> None:
    """By the policy; old clients may have shorter ids than the API asks for."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rate(act_as("anon"), post, "s" * length)
    rate(act_as("anon"), post, "s" * 128)


@pytest.mark.usefixtures("adopted")
def test_a_second_rating_of_a_session_is_refused(service: Db, act_as: ActAs, post: UUID) -> None:
    """As before: the app shows it as liked already."""
    client = act_as("anon")
    rate(client, post)
    with pytest.raises(psycopg.errors.UniqueViolation):
        rate(client, post)
    assert ratings(service, post) == 1


@pytest.mark.usefixtures("adopted")
def test_a_rating_of_an_unknown_post_is_refused(act_as: ActAs) -> None:
    """By the foreign key."""
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rate(act_as("anon"), uuid4())


def as_user(client: Db, user_id: UUID) -> None:
    """Become a signed-in user, as PostgREST does it."""
    client.execute("select set_config('request.jwt.claim.sub', %s, false)", [str(user_id)])


def test_users_write_their_own_posts_but_not_the_likes(service: Db, act_as: ActAs) -> None:
    """Column by column: everything of a post is its author's, except the count."""
    client, user_id = act_as("authenticated"), uuid4()
    as_user(client, user_id)
    client.execute("insert into public.posts_new (user_id, caption) values (%s, 'mine')", [user_id])
    client.execute("update public.posts_new set caption = 'changed' where user_id = %s", [user_id])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute("update public.posts_new set likes = 7 where user_id = %s", [user_id])
    (row,) = service.execute("select caption, likes from public.posts_new").fetchall()
    assert row == {"caption": "changed", "likes": 0}


def test_users_do_not_touch_others_posts(service: Db, act_as: ActAs, post: UUID) -> None:
    """Row by row."""
    client = act_as("authenticated")
    as_user(client, uuid4())
    assert client.execute("update public.posts_new set caption = 'x'").rowcount == 0
    assert client.execute("delete from public.posts_new").rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute("insert into public.posts_new (user_id) values (%s)", [uuid4()])


@pytest.mark.usefixtures("adopted")
def test_closing_direct_ratings_is_an_option(
    service: Db, db: Db, act_as: ActAs, post: UUID, optional_sql: bytes
) -> None:
    """After it only /api/ratings rates: nobody can see or delete another's rating."""
    rate(service, post)
    db.execute(optional_sql)
    for role in CLIENTS:
        client: psycopg.Connection[dict[str, Any]] = act_as(role)
        for act in (rate, unrate, ratings):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                act(client, post)
    rate(service, make_post(service))


@pytest.fixture
def optional_sql(pytestconfig: pytest.Config) -> bytes:
    """The opt-in migration."""
    return (pytestconfig.rootpath / "supabase/optional/close_direct_ratings.sql").read_bytes()
