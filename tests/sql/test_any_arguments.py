"""Whatever a caller with all rights sends: a function does it, or refuses it as documented. No job is lost."""

import re
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row, scalar_row

from tests.access.world import functions_of
from tests.conftest import Connect
from tests.faults.scene import CHECKS, WITNESS
from tests.sql.any_arguments import POOLS, Pick, arguments_of, as_json, resolved
from tests.sql.calls import Db, Row

# What lib/database/problems.py tells callers of: a data exception, a value that is missing or breaks a rule, no row, a
# conflict, a limit. All else is a bug.
DOCUMENTED = re.compile(r"22\w{3}|23502|23514|PT404|PT409|PT429")
CALLS = 1000
WALKS = 5
# Endings that only a settle with a real token brings about.
FAR = {"completed", "discarded"}
# More of these, so that jobs get somewhere.
OFTEN = ["enqueue_jobs", "claim_jobs", "settle_jobs", "settle_and_claim", "complete_job", "fail_job"]

ARRANGED: LiteralString = """
    insert into public.posts_new (user_id, caption, image_url)
    select null, 'post ' || n, case when n % 2 = 0 then 'https://images.example.com/' || n || '.jpg' end
    from generate_series(1, 6) as n;
    insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)
    values (gen_random_uuid(), 'https://push.example.com/1', 'x', 'x');
    insert into public.notifications (user_id, title, body)
    select user_id, 'Hello', 'x' from public.push_subscriptions;
    select public.enqueue_jobs((
      select jsonb_agg(jsonb_build_object('job_type', 'recompute_rankings', 'max_attempts', 1 + n % 3))
      from generate_series(1, 30) as n
    ));
    select public.start_worker_run('w-1', 'cron', 8000)
"""
# As if time had passed: all is due, and some leases have run out.
AGED: LiteralString = """
    update public.background_jobs set scheduled_for = now() - interval '1 minute'
    where status = 'pending' and scheduled_for > now();
    update public.background_jobs set lease_expires_at = now() - interval '1 second'
    where status = 'processing' and md5(id::text) < '4'
"""
# Dead by a rescue, which has no token, and then taken off the list by an operator: their end is no worker's.
RESCUED: LiteralString = """
    select job_id::text as id from public.job_history
    where status = 'discarded' and claim_token is null and error_message like 'lease expired%for the last time'
"""
DRIFT: LiteralString = """
    select post.id::text, post.likes, count(rating.id) from public.posts_new as post
    left join public.post_ratings as rating on rating.post_id = post.id
    group by post.id having post.likes <> count(rating.id)
"""


class Caller:
    """The service, and the eyes that look after it."""

    def __init__(self, service: Db, eyes: Db) -> None:
        self.service, self.eyes = service, eyes
        self.functions = functions_of(eyes)
        eyes.execute(WITNESS)
        eyes.execute(ARRANGED)
        self.bugs: list[str] = []
        self.said: dict[str, set[str]] = {name: set() for name in self.functions}

    def find(self, pick: Pick) -> Any:
        """The n-th of what there is; nobody's when there is none."""
        with self.eyes.cursor(row_factory=scalar_row) as cursor:
            there = cursor.execute(POOLS[pick.of]).fetchall()
        if there:
            return there[pick.at % len(there)]
        return (None, None) if pick.of == "claim" else None

    def call(self, name: str, chosen: dict[str, Any]) -> None:
        """Call a function, and note how it ended: a bug is what is neither done nor refused as it should be."""
        given_ = resolved(chosen, self.find)
        if isinstance(chosen.get("claim_token"), Pick):
            given_ |= dict(zip(("job_id", "claim_token"), given_["claim_token"], strict=True))
        elif "claim_token" in chosen:
            given_["job_id"] = None
        kinds = {each.name: each for each in self.functions[name]}
        values = {key: as_json(value) if kinds[key].type == "jsonb" else value for key, value in given_.items()}
        named = [
            sql.SQL("{} => {}::" + kinds[key].type).format(sql.Identifier(key), sql.Placeholder(key)) for key in values
        ]
        query = sql.SQL("select * from public.{}({})").format(sql.Identifier(name), sql.SQL(", ").join(named))
        try:
            self.service.execute(query, values).fetchall()
            said = "done"
        except psycopg.Error as error:
            said = error.sqlstate or "lost"
            self.bugs += [] if DOCUMENTED.fullmatch(said) else [f"{name}({str(values)[:800]}): {said} {error}"]
        self.said[name].add(said)


@pytest.fixture
def caller(connect: Connect) -> Caller:
    """A service that has posts, jobs and a run; and the witness of every transition."""
    eyes: Db = connect(row_factory=dict_row)
    service: Db = connect("service_role", row_factory=dict_row, options="-c statement_timeout=5s -c search_path=public")
    return Caller(service, eyes)


def violations(db: Db) -> list[Row]:
    """What breaks a guarantee: of a job's life, or of the likes once their posts are synced."""
    rescued = {("ended without a claim", row["id"]) for row in db.execute(RESCUED).fetchall()}
    found = [row for row in db.execute(CHECKS).fetchall() if tuple(row.values()) not in rescued]
    db.execute("select public.sync_post_like_counts(array(select id from public.posts_new))")
    return found + db.execute(DRIFT).fetchall()


def test_every_function_keeps_its_promises_whatever_it_is_given(caller: Caller) -> None:
    """Hundreds of calls of all functions, over jobs that they made, claimed and settled themselves."""
    calls = st.sampled_from(sorted(caller.functions) + 4 * OFTEN).flatmap(
        lambda name: st.tuples(st.just(name), arguments_of(caller.functions[name]))
    )

    def ended() -> set[str]:
        rows = caller.eyes.execute("select distinct status from public.job_history").fetchall()
        return {row["status"] for row in rows}

    @settings(
        max_examples=CALLS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls)
    def run(call: tuple[str, dict[str, Any]]) -> None:
        caller.call(*call)
        caller.eyes.execute(AGED)

    # Ids are made as it runs, so where a walk leads differs: another one when the first did not lead far.
    for number in range(WALKS):
        seed(11 + number)(run)()
        if ended() >= FAR:
            break
    assert not caller.bugs, "\n".join(caller.bugs)
    assert violations(caller.eyes) == []
    # Deep enough: most functions did their work at least once, and the fences were tried with real tokens.
    idle = [name for name, said in caller.said.items() if "done" not in said]
    assert len(idle) < len(caller.said) / 5, idle
    assert ended() >= FAR
