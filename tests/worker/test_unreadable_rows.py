"""A row that somebody wrote past the queue's functions, and its constraints, is its own job's end and nobody else's."""

from typing import LiteralString

import pytest

from tests.conftest import Connect
from tests.worker.working import Db, MakeWorker, add_jobs, single, succeed

WITHOUT: LiteralString = "alter domain queue_private.job_payload drop constraint background_jobs_payload_"
WRITTEN = "not one that the queue's functions write"
BROKEN: dict[LiteralString, str] = {
    """payload = '{"n": 1e5000}'""": "n: Input should be a valid integer",
    """payload = '{"n": -1e60000}'""": "n: Input should be a valid integer",
    "payload = '[]'": WRITTEN,
    "created_at = 'infinity'": WRITTEN,
}


@pytest.fixture
def without_constraints(connect: Connect) -> None:
    """As in a database that somebody has changed."""
    for constraint in ("numbers_below_1e308", "is_an_object"):
        connect("admin").execute((WITHOUT + constraint).encode())


@pytest.mark.usefixtures("without_constraints")
@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("change", BROKEN)
async def test_a_row_that_cannot_be_read_is_dead_alone(
    db: Db, make_worker: MakeWorker, change: LiteralString, isolated: bool
) -> None:
    """Its neighbours of the same claim complete, in the same run."""
    (broken,) = add_jobs(db, "send_notification", isolated=isolated)
    add_jobs(db, "send_notification", 3, first=1)
    db.execute(b"update public.background_jobs set " + change.encode() + b" where id = %s", (broken,))
    report = await make_worker(single("send_notification", succeed)).run()
    assert (report.stop_reason, report.endings) == ("empty", {"completed": 3, "dead": 1})
    (dead,) = db.execute("select job_id, error_message from public.job_history where status = 'dead'").fetchall()
    assert str(dead["job_id"]) == broken
    assert BROKEN[change] in dead["error_message"]
