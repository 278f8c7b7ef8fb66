"""One job's failure is that job's alone, and has the effect that it should have."""

import asyncio
import math
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import field_validator

from lib import errors
from lib.queue import worker
from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Discard, Outcome, Snooze
from lib.queue.policy import Policy
from lib.queue.registry import BatchOutcome, JobType, Payload
from tests.worker.working import (
    Db,
    ForPost,
    MakeWorker,
    Numbered,
    active,
    add_jobs,
    batch,
    ended,
    single,
    statuses,
    succeed,
)


class OfItsOwn(BaseException):
    """Not an Exception, as asyncio's and anyio's cancellations are not."""


async def cancel_itself() -> None:
    """Do what a handler does that cancels a task of its own and awaits it."""
    inner = asyncio.ensure_future(asyncio.sleep(60))
    inner.cancel()
    await inner


class Unprintable(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no \0 such thing"), "ValueError: no \u2400 such thing"),
        (KeyError("x" * 5000), "KeyError: '" + "x" * 1989),
        (OfItsOwn("gone"), "JobFailure: the handler raised OfItsOwn"),
        (asyncio.CancelledError(), "JobFailure: the handler was cancelled from within"),
        (Unprintable(), "Unprintable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
async def test_whatever_a_handler_raises_fails_its_job_only(
    db: Db, make_worker: MakeWorker, error: BaseException, message: str
) -> None:
    """It counts, and is tried again after a while; the others complete."""
    add_jobs(db, "send_notification", 10)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 4:
            raise error
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    (failed,) = active(db)
    assert (failed["status"], failed["attempts"], failed["payload"]["n"]) == ("pending", 1, 4)
    assert failed["error_message"] == message
    assert 3 < failed["waits_s"] <= 10
    assert report.endings == {"completed": 9, "retried": 1}


async def test_a_handler_that_cancels_a_task_of_its_own_ends_no_other_job(db: Db, make_worker: MakeWorker) -> None:
    """A cancellation that leaks out of a handler must not look like the worker's own."""
    add_jobs(db, "send_notification", 10)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 4:
            await cancel_itself()
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    assert report.endings == {"completed": 9, "retried": 1}
    assert report.stop_reason == "empty"


async def test_the_last_attempt_is_dead(db: Db, make_worker: MakeWorker) -> None:
    """With what went wrong in the history."""
    add_jobs(db, "send_notification", max_attempts=1)

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        raise ValueError("no")

    report = await make_worker(single("send_notification", work)).run()
    (dead,) = ended(db)
    assert (dead["status"], dead["attempts"], dead["error_message"]) == ("dead", 1, "ValueError: no")
    assert report.endings == {"dead": 1}


async def test_a_function_that_is_not_there_yet_is_nobodys_attempt(db: Db, make_worker: MakeWorker) -> None:
    """Code that was deployed before its migration waits. PostgREST says so of the function, Postgres of a table."""

    async def work(request: Numbered, context: JobContext) -> Outcome:
        function = ("not_there_yet", "reads_a_table_that_is_not_there_yet")[request.n]
        await context.database.rpc(function, str)
        return Completed()

    db.execute(
        "create function public.reads_a_table_that_is_not_there_yet() returns text language plpgsql"
        " set search_path = '' as 'begin return (select note from public.not_there_yet); end'"
    )
    db.execute("grant execute on function public.reads_a_table_that_is_not_there_yet to service_role")
    add_jobs(db, "send_notification", 2, max_attempts=1)
    await make_worker(single("send_notification", work)).run()
    assert [(row["attempts"], row["deferrals"]) for row in active(db)] == [(0, 1)] * 2
    assert all(row["error_message"].startswith("SchemaDiffers: ") for row in active(db))
    # Later on it counts: nobody is deploying any more.
    db.execute("update public.background_jobs set created_at = now() - interval '2 hours', scheduled_for = now()")
    await make_worker(single("send_notification", work)).run()
    assert statuses(db) == {"dead": 2}


@pytest.mark.parametrize(
    ("answer", "row", "waits"),
    [
        (Snooze(30, "not yet"), ("pending", 0, "not yet"), (25, 30)),
        (Snooze(math.inf, "never"), ("pending", 0, "never"), (31_000_000, 31_536_000)),
        (Snooze(math.nan, "when?"), ("pending", 0, "when?"), (5, 10)),
        (errors.RetryLater("429", 100), ("pending", 1, "RetryLater: 429"), (95, 100)),
        (errors.NotReady("busy", 50), ("pending", 0, "NotReady: busy"), (45, 50)),
        (errors.TimedOut("slow"), ("pending", 1, "TimedOut: slow"), (3, 10)),
        (errors.DatabaseUnavailable("f", "down"), ("pending", 0, "DatabaseUnavailable: f: down"), (3, 10)),
        (errors.DatabaseTimeout("f", "slow"), ("pending", 0, "DatabaseTimeout: f: slow"), (3, 10)),
        (errors.PermanentFailure("never"), ("dead", 1, "PermanentFailure: never"), None),
        (Discard("the post is gone"), ("discarded", 1, "the post is gone"), None),
        (Completed({"a": "\0"}), ("completed", 1, None), None),
        (Completed({"a": 1j}), ("dead", 1, "the handler's result is not JSON: complex is not JSON"), None),
        (None, ("dead", 1, "PermanentFailure: the handler returned no Outcome"), None),
        ({"ok": True}, ("dead", 1, "PermanentFailure: the handler returned no Outcome"), None),
    ],
    ids=repr,
)
async def test_each_end_has_its_effect(
    db: Db, make_worker: MakeWorker, answer: Any, row: tuple[str, int, str | None], waits: tuple[float, float] | None
) -> None:
    """Returned or raised; what follows is in the rows."""
    add_jobs(db, "send_notification")

    async def work(_request: Numbered, _context: JobContext) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    await make_worker(single("send_notification", work)).run()
    (found,) = [*active(db), *ended(db)]
    assert (found["status"], found["attempts"], found["error_message"]) == row
    if waits:
        assert waits[0] <= found["waits_s"] <= waits[1]
        assert found["claim_token"] is None
    if found["status"] == "completed":
        assert found["result"] == {"a": "\u2400"}


@pytest.mark.parametrize("wrong", [Snooze("soon", "x"), Discard(None)], ids=repr)  # type: ignore[arg-type]
async def test_an_outcome_of_wrong_values_fails_its_job_only(db: Db, make_worker: MakeWorker, wrong: Outcome) -> None:
    """A bug in one handler is not one of the worker."""
    add_jobs(db, "send_notification", 5)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        return wrong if request.n == 2 else Completed()

    await make_worker(single("send_notification", work)).run()
    assert statuses(db) == {"completed": 4, "pending": 1}


async def test_a_huge_result_becomes_a_note(db: Db, make_worker: MakeWorker) -> None:
    """And the job is completed all the same."""
    add_jobs(db, "send_notification", 2)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        return Completed({"text": "x" * (100_000 if request.n else 10)})

    await make_worker(single("send_notification", work)).run()
    assert statuses(db) == {"completed": 2}
    assert [sorted(row["result"]) for row in ended(db)] == [["text"], ["note"]]


async def test_a_payload_that_its_model_rejects_is_dead_with_the_reason(db: Db, make_worker: MakeWorker) -> None:
    """Which says the field and the rule, not the value: it may be private."""
    db.execute(
        "insert into public.background_jobs (job_type, payload) values"
        """ ('send_notification', '{"private": "a secret"}'), ('send_notification', '{"n": 1}')"""
    )
    report = await make_worker(single("send_notification", succeed)).run()
    (dead,) = [row for row in ended(db) if row["status"] == "dead"]
    assert dead["error_message"] == (
        "PermanentFailure: the payload is not valid: private: Extra inputs are not permitted"
    )
    assert report.endings == {"completed": 1, "dead": 1}


@pytest.mark.parametrize("isolated", [False, True])
async def test_a_type_without_a_handler_waits_unclaimed(db: Db, make_worker: MakeWorker, isolated: bool) -> None:
    """A rollback, or a push before the deploy: the next deployment runs it, and no attempt is spent meanwhile."""
    add_jobs(db, "cleanup_expired", 30, isolated=isolated, max_attempts=5)
    add_jobs(db, "send_notification", 5)
    report = await make_worker(single("send_notification", succeed)).run()
    assert report.endings == {"completed": 5}
    assert {(row["job_type"], row["status"], row["attempts"]) for row in active(db)} == {
        ("cleanup_expired", "pending", 0)
    }
    assert (len(active(db)), report.stop_reason) == (30, "empty")


async def test_a_type_that_the_database_lacks_stops_no_other(
    db: Db, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that was deployed before its migration: what both know runs, and the log names the rest."""
    add_jobs(db, "send_notification", 3)
    said: dict[str, Any] = {}
    monkeypatch.setattr(worker, "log_event", lambda event, **fields: said.update({event: fields.get("job_types")}))
    report = await make_worker(single("resize_avatar", succeed), single("send_notification", succeed)).run()
    assert report.endings == {"completed": 3}
    assert said["run.types_unknown_to_the_database"] == ("resize_avatar",)


async def test_one_culprit_of_a_batch_fails_alone(db: Db, make_worker: MakeWorker) -> None:
    """A batch handler that raises fails them all at first: it is called again with parts, until one fails alone."""
    add_jobs(db, "sync_like_count", 60)
    sizes: list[int] = []

    async def work(requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        sizes.append(len(requests))
        if any(request.n == 37 for request in requests):
            raise ValueError("37")
        return [Completed() for _ in requests]

    report = await make_worker(batch(work)).run()
    (failed,) = active(db)
    assert (failed["payload"]["n"], failed["attempts"], failed["error_message"]) == (37, 1, "ValueError: 37")
    assert report.endings == {"completed": 59, "retried": 1}
    assert len(sizes) <= 2 * math.ceil(math.log2(60)) + 1


async def test_a_batch_handler_answers_for_each(db: Db, make_worker: MakeWorker) -> None:
    """In the order of the requests; a failure is returned, not raised."""
    add_jobs(db, "sync_like_count", 7)
    answers: list[Any] = [
        Completed({"likes": 1}),
        Snooze(30, "later"),
        Discard("gone"),
        errors.NotReady("busy"),
        errors.PermanentFailure("no"),
        errors.RetryLater("429", 60),
        "nonsense",
    ]

    async def work(requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        return [answers[request.n] for request in requests]

    report = await make_worker(batch(work)).run()
    assert report.endings == {"completed": 1, "snoozed": 1, "discarded": 1, "retried": 2, "dead": 2}
    assert [(row["payload"]["n"], row["attempts"]) for row in active(db)] == [(1, 0), (3, 0), (5, 1)]
    assert [row["error_message"] for row in ended(db)] == [
        None,
        "gone",
        "PermanentFailure: no",
        "PermanentFailure: the handler returned no Outcome",
    ]


@pytest.mark.parametrize("returned", [[], [Completed()], None], ids=repr)
async def test_a_batch_handler_that_does_not_answer_for_each_completes_nothing(
    db: Db, make_worker: MakeWorker, returned: Any
) -> None:
    """Which job an answer is for cannot be guessed."""
    add_jobs(db, "sync_like_count", 4)

    async def work(_requests: Sequence[ForPost], _context: JobContext) -> Any:
        return returned

    await make_worker(batch(work, size=4)).run()
    assert {row["status"] for row in [*active(db), *ended(db)]} <= {"dead", "completed"}
    assert statuses(db).get("completed", 0) == (4 if returned else 0)


async def test_a_bad_payload_in_a_batch_is_its_jobs_alone(db: Db, make_worker: MakeWorker) -> None:
    """The handler gets the others."""
    add_jobs(db, "sync_like_count", 5)
    add_jobs(db, "sync_like_count", 1, first=5, payload={"unknown": 1})

    async def work(requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        assert len(requests) == 5
        return [Completed() for _ in requests]

    report = await make_worker(batch(work)).run()
    assert report.endings == {"completed": 5, "dead": 1}
    assert ended(db)[-1]["status"] == "dead"


class Careless(Payload):
    """A model whose validator is wrong itself."""

    n: int = 0

    @field_validator("n")
    @classmethod
    def divides(cls, n: int) -> int:
        """Fail for the one that divides by nothing."""
        return n // (n - 2) * 0 + n


async def test_a_validator_s_own_mistake_fails_its_job_only(db: Db, make_worker: MakeWorker) -> None:
    """And not the run, which would take the neighbours along."""
    add_jobs(db, "send_notification", 5)

    async def work(_request: Careless, _context: JobContext) -> Outcome:
        return Completed()

    job_type = JobType("send_notification", Careless, Policy(timeout_s=1), work)
    report = await make_worker(job_type).run()
    assert report.endings == {"completed": 4, "retried": 1}
    assert [row["error_message"] for row in active(db)] == ["ZeroDivisionError: integer division or modulo by zero"]


async def test_a_handler_that_exits_fails_its_job_only(db: Db, make_worker: MakeWorker) -> None:
    """SystemExit would end the event loop, and with it the instance."""
    add_jobs(db, "send_notification", 3)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 1:
            sys.exit(1)
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    assert report.endings == {"completed": 2, "retried": 1}
