"""A claim with an id is safe to repeat: its reply may be lost."""

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.ageing import expire_leases
from tests.sql.calls import Db, Row, claim, enqueue, outcome, rescue, rpc, settle, value
from tests.sql.conftest import OpenService
from tests.sql.racing import meanwhile, wait_until_blocked


def claim_again(db: Db, claim_id: UUID) -> list[Row]:
    """Claim one job, in a thread."""
    return claim(db, 1, claim_id=claim_id)


def leased(jobs: list[Row]) -> list[tuple[UUID, UUID]]:
    """Which jobs, under which tokens."""
    return [(UUID(str(job["id"])), UUID(str(job["claim_token"]))) for job in jobs]


def test_a_repeated_claim_returns_the_same_batch(service: Db) -> None:
    """Under the same tokens; another batch would be left to its leases."""
    for _ in range(5):
        enqueue(service)
    claim_id = uuid4()
    first = claim(service, 3, claim_id=claim_id)
    assert leased(claim(service, 3, claim_id=claim_id)) == leased(first)
    assert len(claim(service, 3, claim_id=uuid4())) == 2


def test_settle_and_claim_repeats_both_halves(service: Db) -> None:
    """What was settled is answered already, what was claimed comes again."""
    for _ in range(3):
        enqueue(service)
    (job,) = claim(service, 1)
    arguments = {
        "worker_id": "worker",
        "outcomes": Jsonb([outcome(job)]),
        "max_jobs": 1,
        "claim_id": uuid4(),
    }
    first = value(service, "settle_and_claim", **arguments)
    again = value(service, "settle_and_claim", **arguments)
    assert [each["answer"] for each in (*first["settled"], *again["settled"])] == ["settled", "already"]
    assert again["claimed"] == first["claimed"] != []


def test_what_is_no_longer_leased_does_not_come_again(service: Db) -> None:
    """One was settled; the lease of the other ran out, and it was taken back."""
    enqueue(service)
    enqueue(service)
    claim_id = uuid4()
    settled, _ = claim(service, 2, claim_id=claim_id)
    settle(service, outcome(settled))
    assert len(claim(service, 2, claim_id=claim_id)) == 1
    expire_leases(service)
    rescue(service)
    assert claim(service, 2, claim_id=claim_id) == []


def test_an_empty_claim_stays_empty(service: Db) -> None:
    """The reply to the first call was that there is nothing."""
    claim_id = uuid4()
    assert claim(service, claim_id=claim_id) == []
    enqueue(service)
    assert claim(service, claim_id=claim_id) == []


def test_a_claim_id_is_one_worker_s(service: Db) -> None:
    """Two workers would work on the same jobs."""
    claim_id = uuid4()
    claim(service, worker_id="a", claim_id=claim_id)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="another worker"):
        claim(service, worker_id="b", claim_id=claim_id)


def test_a_repeated_claim_waits_for_the_first(service: Db, open_service: OpenService) -> None:
    """A worker that gave up waiting asks again while the first call still runs."""
    enqueue(service)
    enqueue(service)
    claim_id = uuid4()
    first, second = open_service(autocommit=False), open_service()
    batch = claim(first, 1, claim_id=claim_id)
    with meanwhile(claim_again, second, claim_id) as repeated:
        wait_until_blocked(service, second)
        first.commit()
    assert leased(repeated.result()) == leased(batch)


def test_old_claims_are_forgotten(service: Db, db: Db) -> None:
    """A rescue removes them, a minute after their leases ended."""
    claim(service, claim_id=uuid4())
    db.execute("update queue_private.claims set lease_expires_at = lease_expires_at - interval '2 minutes'")
    claim(service, claim_id=uuid4())
    rpc(service, "rescue_expired_jobs")
    (row,) = db.execute("select count(*) as claims from queue_private.claims").fetchall()
    assert row["claims"] == 1
