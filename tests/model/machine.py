"""A hypothesis state machine that does the same to the real queue and to the reference, and compares them after
every step: the answers, and every row.

No step waits: time passes by making all rows older. A moment close to the call's own time is not guessed at: the
reference may answer for any moment while the call ran.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.model.comparing import Comparing, expect, same
from tests.model.queue_calls import Row
from tests.model.reference import Ask, Job, NewJob, Refused, known
from tests.model.strategies import POST, Wish, bad_jobs, job_types, leases, new_jobs, picks, type_lists, wishes


class QueueMachine(Comparing):
    """One example: an empty queue, and then steps."""

    # -- arranging

    @initialize(wanted=st.lists(new_jobs, min_size=4, max_size=9), delays=st.permutations(range(-90, 0, 10)))
    def begin_with_some_jobs(self, wanted: list[NewJob], delays: list[int]) -> None:
        """Steps on an empty queue would teach little: some jobs are due, the oldest not the most urgent."""
        self._enqueue_many(
            [
                replace(new, delay_s=delay, idempotency_key=f"k{at}" if new.idempotency_key else None)
                for at, (new, delay) in enumerate(zip(wanted, delays, strict=False))
            ]
        )

    @rule(new=new_jobs | bad_jobs)
    def enqueue(self, new: NewJob) -> None:
        """One job, with or without a key."""
        with self.step() as expected:
            plans = self.moments(lambda now: self.model.enqueue([new], now))
            try:
                row = self.queue.enqueue_job(new, self.now)
            except psycopg.Error as error:
                expect(Refused(0, error.sqlstate or "") in plans, f"{new} was refused: {error}")
                return
            expected.append(lambda: self._added(plans, [row]))

    @rule(wanted=st.lists(new_jobs | new_jobs | new_jobs | bad_jobs, max_size=4))
    def enqueue_many(self, wanted: list[NewJob]) -> None:
        """All or none."""
        self._enqueue_many(wanted)

    def _enqueue_many(self, wanted: list[NewJob]) -> None:
        with self.step() as expected:
            plans = self.moments(lambda now: self.model.enqueue(wanted, now))
            try:
                rows = self.queue.enqueue_jobs(wanted, self.now)
            except psycopg.Error as error:
                refusals = [plan for plan in plans if isinstance(plan, Refused) and plan.sqlstate == error.sqlstate]
                expect(any(f"jobs[{plan.position}]:" in str(error) for plan in refusals), f"refused: {error}")
                return
            assert [row["position"] for row in rows] == list(range(len(wanted)))
            expected.append(lambda: self._added(plans, rows))

    def _added(self, plans: Sequence[Any], rows: Sequence[Row]) -> None:
        for plan in plans:
            if isinstance(plan, Refused):
                continue
            fits = [(each.created, each.status) for each in plan] == [(row["created"], row["status"]) for row in rows]
            if fits:
                self.model.add(plan, [row["id"] for row in rows])
                assert [each.job.id for each in plan] == [row["id"] for row in rows], "another job answered for a key"
                return
        raise AssertionError(f"enqueue answered {rows}, expected {plans}")

    @precondition(lambda self: self.model.where(_has_a_key))
    @rule(pick=picks, dedupe_seconds=st.sampled_from([0, 86400, 86400]), changed=st.integers(0, 3))
    def enqueue_again(self, pick: int, dedupe_seconds: int, changed: int) -> None:
        """The key of a job that is there, or was; now and then for another payload."""
        holders = self.model.where(_has_a_key)
        job = holders[pick % len(holders)]
        payload = job.payload if changed else {**POST, "changed": True}
        self.enqueue(NewJob(job.job_type, payload, idempotency_key=job.idempotency_key, dedupe_seconds=dedupe_seconds))

    # -- claiming

    @rule(max_jobs=st.sampled_from([0, 1, 2, 2, 3, 4, 6]), types=type_lists, lease=leases)
    def claim_jobs(self, max_jobs: int, types: list[str] | None, lease: int) -> None:
        """A batch, or one."""
        with self.step() as expected:
            rows = self.queue.claim_jobs("w1", max_jobs, types, lease)
            expected.append(lambda: self._claimed(rows, "w1", max_jobs, types, lease))

    @rule(types=type_lists)
    def claim_next_job(self, types: list[str] | None) -> None:
        """One job."""
        with self.step() as expected:
            rows = self.queue.claim_next_job("w2", types)
            expected.append(lambda: self._claimed(rows, "w2", 1, types, 30))

    def _claimed(self, rows: list[Row], worker: str, max_jobs: int, types: list[str] | None, lease: int) -> None:
        ids = [row["id"] for row in rows]
        allowed = self.moments(lambda now: self.model.claimed(max_jobs, types, now))
        assert ids in allowed, f"claim_jobs({max_jobs}, {types}) returned {self.tell(ids)}, expected one of " + str(
            [self.tell(each) for each in allowed]
        )
        self.model.single_claims += max_jobs == 1 and len(ids) == 1
        for row in rows:
            self.model.lease(row["id"], row["claim_token"], worker, lease)

    @rule(types=type_lists, lease=leases)
    def claim_isolated_job(self, types: list[str] | None, lease: int) -> None:
        """One that must run alone."""
        with self.step() as expected:
            rows = self.queue.claim_isolated_job("w3", types, lease)

            def check() -> None:
                ids = [row["id"] for row in rows]
                allowed = self.moments(lambda now: self.model.claimed_alone(types, now))
                assert ids in allowed, f"claim_isolated_job returned {self.tell(ids)}"
                for row in rows:
                    self.model.lease(row["id"], row["claim_token"], "w3", lease)

            expected.append(check)

    # -- settling

    @precondition(lambda self: self.model.issued())
    @rule(wanted=st.lists(wishes, min_size=1, max_size=4))
    def settle_jobs(self, wanted: list[Wish]) -> None:
        """With right, old, foreign and unknown tokens."""
        if not self.model.where(lambda job: job.status == "processing"):
            self.claim_jobs(3, None, 30)
        asks = [self._ask(wish) for wish in wanted]
        self.repeat = asks
        self.settle(asks)

    @precondition(lambda self: self.repeat)
    @rule()
    def settle_again(self) -> None:
        """The reply to the last settle was lost: the same call once more."""
        self.settle(self.repeat)

    def settle(self, asks: list[Ask]) -> None:
        with self.step() as expected:
            rows = self.queue.settle_jobs("w1", asks)
            expected.append(lambda: self._settled(asks, rows))

    def _settled(self, asks: list[Ask], rows: list[Row]) -> None:
        assert [UUID(str(row["id"])) for row in rows] == [ask.id for ask in asks]
        answers = [row["answer"] for row in rows]
        wanted = self.model.settle(asks)
        assert answers == wanted, f"settle_jobs({asks}) answered {answers}, expected {wanted}"

    @precondition(lambda self: self.model.issued())
    @rule(wanted=st.lists(wishes, max_size=3), max_jobs=st.integers(2, 6), types=type_lists)
    def settle_and_claim(self, wanted: list[Wish], max_jobs: int, types: list[str] | None) -> None:
        """Both in one call: what was settled may be claimed by it."""
        asks = [self._ask(wish) for wish in wanted]
        with self.step() as expected:
            reply = self.queue.settle_and_claim("w1", asks, max_jobs, types)
            claimed = [{"id": UUID(row["id"]), "claim_token": UUID(row["claim_token"])} for row in reply["claimed"]]
            expected += [
                lambda: self._settled(asks, reply["settled"]),
                self.take_over_waits,
                lambda: self._claimed(claimed, "w1", max_jobs, types, 30),
            ]

    @rule(wanted=st.lists(wishes, min_size=2, max_size=5), wait=st.booleans(), alone=st.booleans())
    def work(self, wanted: list[Wish], wait: bool, alone: bool) -> None:
        """What a worker does, in one step: claim, and settle each with its own token."""
        if wait:
            self.time_passes(4000)
        if alone:
            self.claim_isolated_job(None, 30)
        else:
            self.claim_jobs(len(wanted), None, 30)
        leased = self.model.where(lambda job: job.status == "processing")
        self.repeat = [self._ask_for(job.id, job.tokens[-1], wish) for job, wish in zip(leased, wanted, strict=False)]
        self.settle(self.repeat)

    @rule(wanted=st.lists(wishes, min_size=2, max_size=5))
    def work_and_look_again(self, wanted: list[Wish]) -> None:
        """Two rounds of it, with time to wait for a retry in between, and the first round's settle repeated."""
        self.work(wanted, wait=False, alone=False)
        self.settle_again()
        self.work(wanted[::-1], wait=True, alone=False)

    @precondition(lambda self: self.model.issued())
    @rule(wish=wishes)
    def complete_or_fail_one(self, wish: Wish) -> None:
        """settle_jobs for one job, as complete_job and fail_job."""
        asked = self._ask(wish)
        completes = wish.outcome == "completed"
        if completes:
            ask = Ask(asked.id, asked.claim_token, "completed", result=asked.result)
        else:
            ask = Ask(asked.id, asked.claim_token, "failed", error=asked.error, retryable=asked.retryable)
        with self.step() as expected:
            answer = self.queue.complete_job(ask) if completes else self.queue.fail_job(ask)
            expected.append(lambda: self._settled([ask], [{"id": ask.id, "answer": answer}]))

    @precondition(lambda self: self.model.issued())
    @rule(wish=wishes, broken=st.sampled_from(["outcome", "error", "retry"]))
    def settle_malformed(self, wish: Wish, broken: str) -> None:
        """One bad element: the whole call is refused, and nothing changes."""
        good = self._ask(wish)
        bad = {
            "outcome": Ask(good.id, good.claim_token, "finished"),
            "error": Ask(good.id, good.claim_token, "failed", retryable=False, not_counted=True),
            "retry": Ask(good.id, good.claim_token, "snoozed", retry_in_seconds=-1),
        }[broken]
        with self.step():
            try:
                self.queue.settle_jobs("w1", [good, bad])
            except psycopg.Error as error:
                expect(error.sqlstate == "22023" and "outcomes[1]:" in str(error), f"{bad}: {error}")
            else:
                raise AssertionError(f"{bad} was accepted")

    def _ask(self, wish: Wish) -> Ask:
        """Choose a job and a token; where there is none of the kind, any that was ever issued."""
        issued = self.model.issued()
        leased = [(job.id, job.tokens[-1]) for job in self.model.where(lambda job: job.status == "processing")]
        old = [(job_id, token) for job_id, token in issued if (job_id, token) not in leased]
        match wish.token:
            case "right":
                choices = leased or issued
            case "old":
                choices = old or issued
            case "foreign":
                target = self.model.where(lambda job: True)
                choices = [(target[wish.other % len(target)].id, token) for _, token in issued]
            case _:
                choices = [(job_id, uuid4()) for job_id, _ in issued]
        return self._ask_for(*choices[wish.pick % len(choices)], wish)

    @staticmethod
    def _ask_for(job_id: UUID, token: UUID, wish: Wish) -> Ask:
        counted = wish.outcome != "failed" or wish.options.get("retryable") is False or wish.other % 3
        return Ask(job_id, token, wish.outcome, **wish.options, not_counted=not counted)

    # -- leases run out

    @precondition(lambda self: self.model.where(lambda job: job.status == "processing"))
    @rule(pick=picks)
    def expire(self, pick: int) -> None:
        """One lease runs out; nobody has noticed yet."""
        leased = self.model.where(lambda job: job.status == "processing")
        job = leased[pick % len(leased)]
        job.lease_expires_at = self.queue.expire(job.id)
        self.seen = self.queue.look()
        self.compare()

    @rule(max_jobs=st.sampled_from([1, 2, 100]))
    def rescue(self, max_jobs: int) -> None:
        """Whose lease ran out comes back, or is dead."""
        with self.step() as expected:
            row = self.queue.rescue_expired_jobs(max_jobs)

            def check() -> None:
                gone = [
                    job
                    for job in self.model.where(lambda job: job.status == "processing")
                    if self.seen.active.get(job.id, {}).get("claim_token") != job.claim_token
                ]
                assert any(_may_rescue(expired, gone, max_jobs) for expired in self.moments(self.model.expired)), (
                    f"rescue_expired_jobs({max_jobs}) took {self.tell([job.id for job in gone])}"
                )
                dead = sum([self.model.rescue(job) for job in gone])
                assert (row["requeued"], row["dead"]) == (len(gone) - dead, dead)

            expected.append(check)

    @rule(isolated=st.booleans())
    def a_worker_dies(self, isolated: bool) -> None:
        """What a job that kills its workers goes through, in one step."""
        self.time_passes(4000)
        if isolated:
            self.claim_isolated_job(None, 30)
        else:
            self.claim_jobs(1, None, 30)
        self.time_passes(45)
        self.rescue(100)

    # -- operators

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks, known_job=st.integers(0, 9))
    def cancel(self, pick: int, known_job: int) -> None:
        """Any job, in any state; now and then one that never was."""
        jobs = self.model.where(lambda job: True)
        job_id = jobs[pick % len(jobs)].id if known_job else uuid4()
        with self.step() as expected:
            answer = self.queue.cancel_job(job_id)
            expected.append(lambda: same("cancel_job", answer, self.model.cancel(job_id)))

    @rule(picked=st.none() | st.lists(picks, min_size=1, max_size=3), job_type=st.none() | job_types)
    def redrive(self, picked: list[int] | None, job_type: str | None) -> None:
        """The dead, all or some; nobody twice."""
        ended = self.model.where(lambda job: not job.is_active)
        ids = None if picked is None or not ended else [ended[pick % len(ended)].id for pick in picked]
        max_jobs = 2 if picked is None else 1000
        with self.step() as expected:
            new_ids = self.queue.redrive_jobs(ids, job_type, max_jobs)

            def check() -> None:
                dead = self.model.redrivable(ids, job_type, max_jobs)
                origins = {self.seen.active[new_id]["redrive_of"]: new_id for new_id in new_ids}
                same("redrive_jobs", sorted(origins), sorted(job.id for job in dead))
                for job in dead:
                    self.model.redrive(job, origins[job.id])

            expected.append(check)

    @rule(job_type=job_types, paused=st.booleans())
    def pause_or_resume(self, job_type: str, paused: bool) -> None:
        """Stop claiming one type, or claim it again."""
        with self.step():
            change = self.queue.pause_job_type if paused else self.queue.resume_job_type
            same("whether something changed", change(job_type), (job_type in self.model.paused) != paused)
            (self.model.paused.add if paused else self.model.paused.discard)(job_type)

    # -- time

    @rule(seconds=st.sampled_from([7, 45, 45, 4000, 4000, 100_000]))
    def time_passes(self, seconds: int) -> None:
        """For leases, waits, schedules and windows of dedupe alike."""
        self.queue.shift(seconds)
        self.model.shift(seconds)
        self.seen = self.queue.look()
        self.compare()


def _may_rescue(expired: Sequence[Job], gone: Sequence[Job], max_jobs: int) -> bool:
    """Whether a rescue of `max_jobs` may have taken these: as many as it could, and those that were longest overdue."""
    taken = {job.id for job in gone}
    left = [job for job in expired if job.id not in taken]
    if len(taken) != min(max_jobs, len(expired)) or not taken <= {job.id for job in expired}:
        return False
    return not left or not gone or max(_lease(job) for job in gone) <= min(_lease(job) for job in left)


def _has_a_key(job: Job) -> bool:
    return job.idempotency_key is not None


def _lease(job: Job) -> datetime:
    return known(job.lease_expires_at)
