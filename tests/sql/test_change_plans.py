"""change_jobs costs what it finds, however long the queue and the history are, whatever the planner believes.

Buffers are counted, as in test_plans.py: no busy machine can change them.
"""

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.conftest import Connect
from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.test_plans import buffers

MANY, FEW = 40_000, 20
EVER = {"created_from": "2020-01-01T00:00:00Z"}
# What finds few jobs looks at few pages. A walk over the many would look at 40,000.
LIMIT = 1_500
RARE: list[tuple[str, dict[str, Any]]] = [
    ("cancel", {"job_type": "process_image"}),
    ("cancel", {"job_type": "process_image", **EVER}),
    ("edit", {"job_type": "process_image", **EVER}),
    ("cancel", {"status": "failed"}),
    ("cancel", {"key": "nope"}),
    ("redrive", {}),
    ("redrive", {"job_type": "process_image"}),
    ("discard", EVER),
    ("delete", {"status": "discarded"}),
    ("delete", {"job_type": "process_image"}),
    ("delete", {"key": "nope"}),
]


@pytest.mark.parametrize("analyzed", ["while empty", "while full"])
def test_a_filter_that_finds_few_is_cheap(connect: Connect, analyzed: str) -> None:
    """Few jobs of a type, a status or a key among many others, in both tables."""
    owner: Any = connect()
    tables = "background_jobs", "job_history"
    for table in tables:
        owner.execute(f"alter table public.{table} set (autovacuum_enabled = false); analyze public.{table}")
    # Of three types by turns: of a type's jobs each lies on a page of its own, and the primary key looks cheaper.
    owner.execute(
        """
        insert into public.background_jobs (job_type, payload, scheduled_for)
        select (array['send_notification', 'generate_thumbnail', 'sync_like_count'])[1 + n %% 3]::public.job_type,
          jsonb_build_object('post_id', gen_random_uuid()),
          now() + make_interval(secs => n %% 3600 - 1800)
        from generate_series(1, %s) as n
        """,
        [MANY],
    )
    pending_jobs(owner, FEW, "process_image", attempts=1)
    ended_jobs(owner, MANY)
    for status in ("dead", "discarded"):
        ended_jobs(owner, FEW, status, "process_image")
    if analyzed == "while full":
        owner.execute("analyze public.background_jobs, public.job_history")
    service = connect("service_role")
    for action, chosen in RARE:
        arguments = {"operator": "x", "action": action, "filter": Jsonb(chosen)}
        if action == "edit":
            arguments["priority"] = 9
        # The first call reads the catalogue.
        looked_at = [buffers(service, "change_jobs", arguments) for _ in range(7)][1:]
        assert max(looked_at) < LIMIT, (action, chosen, looked_at)
