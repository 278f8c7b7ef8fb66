"""One user's flood of posts delays that user's images, and nobody else's."""

import uuid
from typing import Any

import psycopg

from tests.jobs.asking import Connect, Db, as_user
from tests.sql.calls import claim, outcome, rpc, settle
from tests.sql.conftest import open_service, service

__all__ = ["open_service", "service"]

FLOOD, OTHERS = 200, 20
# As many as a worker claims at a time, unless WORKER_CONCURRENCY says otherwise.
BATCH = 20


def post(connect: Connect, user: uuid.UUID, count: int = 1) -> None:
    """Add posts as the user, in one statement."""
    connection = as_user(connect, user)
    connection.execute(
        "insert into public.posts_new (user_id, image_url)"
        " select %s, 'https://images.example.com/' || n from generate_series(1, %s) as n",
        (user, count),
    )
    connection.commit()


def priorities(db: psycopg.Connection[Any]) -> list[int]:
    """Of the jobs, in the order in which they were asked for."""
    rows = db.execute("select priority from public.background_jobs order by id").fetchall()
    return [row["priority"] for row in rows]


def order_of_claims(service: Db) -> list[str]:
    """Whose jobs a worker gets, one batch after the other, each settled before the next is claimed."""
    owners: list[str] = []
    while jobs := claim(service, BATCH):
        owners += [job["owner"] for job in jobs]
        settle(service, *(outcome(job) for job in jobs))
    return owners


def test_others_posts_do_not_wait_for_a_flood(connect: Connect, service: Db) -> None:
    """A quarter of each batch is the oldest, which is the flood; but for it the others come at once."""
    flooder = uuid.uuid4()
    post(connect, flooder, FLOOD)
    for _ in range(OTHERS):
        post(connect, uuid.uuid4())
    owners = order_of_claims(service)
    places = [place for place, owner in enumerate(owners) if owner != str(flooder)]
    assert len(owners) == FLOOD + OTHERS
    # Before them: the flood's ten of full priority, and five old ones of each batch. Without bands it is all 200.
    assert max(places) < OTHERS + 10 + 2 * BATCH // 4
    assert len(places) == OTHERS


def test_further_posts_have_lower_priority(connect: Connect, db: Db) -> None:
    """Ten, then twenty a step, in one statement or in many; what is made lifts the next one up again."""
    anne = uuid.uuid4()
    for count in (1, 8, 1, 1, 1, 60, 1):
        post(connect, anne, count)
    assert priorities(db) == [3] * 10 + [2] * 20 + [1] * 20 + [0] * 23
    post(connect, uuid.uuid4())
    assert priorities(db)[-1] == 3
    db.execute("delete from public.background_jobs")
    post(connect, anne)
    assert priorities(db) == [3]


def test_each_users_posts_of_one_statement_are_counted_alone(connect: Connect, db: Db) -> None:
    """The API adds posts of many users, and of none."""
    api = connect("service_role")
    anne, bert = uuid.uuid4(), uuid.uuid4()
    api.execute(
        "insert into public.posts_new (user_id, image_url)"
        " select owner, 'https://images.example.com/' || n from generate_series(1, 15) as n,"
        " unnest(array[%s, %s, null]::uuid[]) as owner",
        (anne, bert),
    )
    rows = db.execute(
        "select owner, count(*) filter (where priority = 3) as first, count(*) as all from public.background_jobs"
        " group by owner"
    ).fetchall()
    assert {row["owner"]: (row["first"], row["all"]) for row in rows} == {
        str(anne): (10, 15),
        str(bert): (10, 15),
        None: (15, 15),
    }


def test_an_import_keeps_the_policys_priority(db: Db) -> None:
    """An operator's own connection has taken no role."""
    db.execute(
        "insert into public.posts_new (user_id, image_url) select %s, 'https://images.example.com/' || n"
        " from generate_series(1, 50) as n",
        (uuid.uuid4(),),
    )
    assert priorities(db) == [3] * 50


def test_posts_of_thousands_of_users_are_added_at_once(connect: Connect, service: Db) -> None:
    """A lock for each of them would be more than the server has. The same goes for a browser's endpoints."""
    connect("service_role").execute(
        "insert into public.posts_new (user_id, image_url)"
        " select gen_random_uuid(), 'https://images.example.com/' || n from generate_series(1, 30000) as n"
    )
    assert rpc(service, "claim_next_job", worker_id="w")
