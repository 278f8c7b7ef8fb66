"""What hypothesis chooses from: new jobs, types, and wishes of what to settle how."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.model.reference import NewJob

TYPES = ("process_image", "send_notification", "sync_like_count")
POST = {"post_id": "00000000-0000-7000-8000-000000000001"}
OTHER_POST = {"post_id": "00000000-0000-7000-8000-000000000002"}

job_types = st.sampled_from(TYPES)
type_lists = st.none() | st.lists(job_types, min_size=1, max_size=3, unique=True)
picks = st.integers(0, 99)
leases = st.sampled_from([30, 600])
new_jobs = st.builds(
    NewJob,
    job_type=job_types,
    payload=st.sampled_from([POST, OTHER_POST]),
    priority=st.integers(0, 3),
    delay_s=st.sampled_from([None, None, None, -60, 5, 3600]),
    idempotency_key=st.sampled_from([None, None, "a", "a", "a", "b", "ä"]),
    max_attempts=st.sampled_from([1, 1, 2, 3]),
    dedupe_seconds=st.sampled_from([0, 60, 86400]),
)
bad_jobs = st.builds(
    NewJob,
    job_type=job_types,
    payload=st.just(POST),
    priority=st.just(11),
    idempotency_key=st.sampled_from([None, "a", "c"]),
    broken=st.just("23514"),
)


@dataclass(frozen=True)
class Wish:
    """An Ask before it is known which jobs there are. `token`: the right one, one of the job's earlier ones, another
    job's, or one that nobody ever had."""

    token: str
    pick: int
    other: int
    outcome: str
    options: dict[str, Any] = field(default_factory=dict)


wishes = st.builds(
    Wish,
    token=st.sampled_from(["right", "right", "right", "right", "old", "foreign", "unknown"]),
    pick=picks,
    other=picks,
    outcome=st.sampled_from(["completed", "completed", "failed", "failed", "snoozed", "discarded", "released"]),
    options=st.fixed_dictionaries(
        {
            "result": st.sampled_from([None, {"likes": 1}]),
            "error": st.sampled_from([None, "boom", ""]),
            "retryable": st.sampled_from([True, True, False]),
            "retry_in_seconds": st.sampled_from([None, None, 0, 60, 5000]),
        },
    ),
)
