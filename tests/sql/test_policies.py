"""Priority and attempts that a caller leaves out are those of the type's policy, the same from SQL and over HTTP."""

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.registry import registered
from tests.sql.calls import Db, enqueue_many, pending, rpc

# A sync job needs a post.
PAYLOAD = {"post_id": "11111111-1111-4111-8111-111111111111"}
POLICIES = {name: (each.policy.priority, each.policy.max_attempts) for name, each in registered.items()}


def kept(service: Db, rows: list[dict[str, object]]) -> list[tuple[int, int]]:
    """The priority and the attempts of the jobs in these answers."""
    jobs = [pending(service, row["id"]) for row in rows]
    return [(job["priority"], job["max_attempts"]) for job in jobs]


def test_the_database_and_the_code_have_the_same_policies(service: Db, released_types: set[str]) -> None:
    """They stand in lib/jobs and in job_type_policies.sql: neither must be forgotten. A type of the app's own needs no
    row: from SQL it is 0 and 3 then."""
    rows = service.execute("select job_type, priority, max_attempts from queue_private.job_type_policies").fetchall()
    found = {row["job_type"]: (row["priority"], row["max_attempts"]) for row in rows}
    assert found.keys() >= released_types
    assert found == {name: POLICIES[name] for name in found}


def test_a_job_from_sql_has_its_types_policy(service: Db, released_types: set[str]) -> None:
    """By either function."""
    types = sorted(released_types)
    policies = [POLICIES[name] for name in types]
    one_by_one = [rpc(service, "enqueue_job", job_type=name, payload=PAYLOAD)[0] for name in types]
    assert kept(service, one_by_one) == policies
    at_once = enqueue_many(service, [{"job_type": name, "payload": PAYLOAD} for name in types])
    assert kept(service, at_once) == policies


def test_what_the_caller_says_counts(service: Db) -> None:
    """One of the two, also the lowest: only what is left out is the policy's."""
    rows = rpc(service, "enqueue_job", job_type="send_notification", priority=0)
    rows += rpc(service, "enqueue_job", job_type="send_notification", max_attempts=1)
    rows += enqueue_many(
        service,
        [
            {"job_type": "send_notification", "priority": 0},
            {"job_type": "send_notification", "max_attempts": 1, "priority": None},
        ],
    )
    assert kept(service, rows) == [(0, 5), (2, 1)] * 2


def test_a_type_without_a_row_gets_priority_0_and_3_attempts(service: Db, db: Db) -> None:
    """A type whose migration forgot its policy can be enqueued all the same."""
    db.execute("delete from queue_private.job_type_policies where job_type = 'send_notification'")
    rows = rpc(service, "enqueue_job", job_type="send_notification")
    assert kept(service, rows + enqueue_many(service, [{"job_type": "send_notification"}])) == [(0, 3)] * 2
