"""What a database function answers is read row by row as far as it can be."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lib.database import Database, Reply
from lib.errors import UnreadableAnswer
from lib.model import Row
from lib.queue.job import UnreadableJob
from lib.queue.store import SettledAndClaimed

ID = "01890000-0000-7000-8000-000000000001"
JOB = {
    "id": ID,
    "job_type": "send_notification",
    "payload": {"n": 1},
    "priority": 0,
    "attempts": 1,
    "max_attempts": 3,
    "claim_token": ID,
    "created_at": "2026-11-26T10:00:00+00:00",
}


class Answering:
    """A transport that has one answer. The local API cannot be told to give these."""

    def __init__(self, body: str) -> None:
        self.body = body.encode()

    async def post(self, _url: str, _headers: Mapping[str, str], _body: bytes) -> Reply:
        """Answer."""
        return Reply(200, self.body)

    async def aclose(self) -> None:
        """Nothing is open."""


class Counted(Row):
    """A row with a number."""

    likes: int


def database(body: str) -> Database:
    """A door behind which this is answered."""
    return Database("http://supabase.test", "key", Answering(body))


@pytest.mark.parametrize("number", ["1" + "0" * 5000, "-1" + "0" * 100_000, "1" + "0" * 5000 + ".5"])
async def test_a_number_that_python_does_not_read_is_wrong_in_its_place_only(number: str) -> None:
    """Postgres writes out 1e5000; Python reads at most 4,300 digits."""
    jobs = json.dumps([JOB, JOB | {"payload": {"n": "?"}}]).replace('"?"', number)
    claimed = (await database(f'{{"settled": [], "claimed": {jobs}}}').rpc("f", SettledAndClaimed)).claimed
    assert [type(job).__name__ for job in claimed] == ["Job", "Job"]
    assert [job.payload["n"] for job in claimed] == [1, f"a number of {len(number)} digits"]


@pytest.mark.parametrize(
    "wrong", [{"payload": []}, {"created_at": "infinity"}, {"priority": None}, {"attempts": "many"}]
)
async def test_a_claimed_row_that_is_no_job_stands_for_itself(wrong: dict[str, Any]) -> None:
    """With what it takes to settle it; its neighbours are jobs."""
    body = json.dumps({"settled": [], "claimed": [JOB, JOB | wrong, JOB]})
    claimed = (await database(body).rpc("f", SettledAndClaimed)).claimed
    assert [isinstance(job, UnreadableJob) for job in claimed] == [False, True, False]
    assert (str(claimed[1].id), str(claimed[1].claim_token)) == (ID, ID)


@pytest.mark.parametrize("body", ["{", "<html>", '{"likes": 1' + "0" * 5000 + "}", "[" * 100_000, '{"likes": NaN}'])
async def test_what_is_no_answer_at_all_is_unreadable(body: str) -> None:
    """Not an error of its own kind, and none of Python's."""
    with pytest.raises(UnreadableAnswer):
        await database(body).rpc("f", Counted)
